/** Makes one plain file of the reference proxy, so that its many processes start at once. */
import { join } from "node:path";
import { build } from "esbuild";
import { temporaryFolder } from "../temporary-folder.ts";

/** @returns the command that starts it */
export async function bundleReference(): Promise<string> {
  const folder = temporaryFolder("reference-proxy");
  const outfile = join(folder, "main.mjs");
  await build({
    entryPoints: [join(import.meta.dirname, "main.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "error",
  });
  return `exec node ${JSON.stringify(outfile)}`;
}
