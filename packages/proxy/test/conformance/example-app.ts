/** Example apps under `examples/` as servers: built with the library as it is now. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ProfileName } from "fal-proxy-conformance";

const library = join(import.meta.dirname, "../..");
const folderOf = (name: string): string => join(library, "../../examples", name);

/** Runs the app's own build, after its copy of the library is made anew: npm may have copied an older one. */
export async function buildExample(name: string): Promise<void> {
  const folder = folderOf(name);
  const installed = join(folder, "node_modules/@fal-ai/server-proxy");
  if (!existsSync(installed)) throw new Error(`npm ci is missing in examples/${name}`);
  rmSync(join(installed, "dist"), { recursive: true, force: true });
  for (const part of ["dist", "package.json"]) {
    cpSync(join(library, part), join(installed, part), { recursive: true });
  }
  // The test runner's own NODE_ENV would make a development build.
  const env = { ...process.env, NODE_ENV: "production" };
  const build = spawn("npm", ["run", "build"], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [build.stdout, build.stderr]) {
    stream.on("data", (bytes) => (output += String(bytes)));
  }
  const [code] = (await once(build, "close")) as [number | null];
  if (code !== 0) throw new Error(`the build of examples/${name} failed:\n${output}`);
}

/** The command that serves a built example: a file below its folder, with arguments. */
export const exampleCommand = (name: string, file: string): string =>
  `cd "${folderOf(name)}" && NODE_ENV=production exec "${process.execPath}" ${file}`;

// Profiles that the environment alone makes: the route that people copy is judged under them. The
// others need options, and the route beside it takes those.
const plain: readonly ProfileName[] = [
  "default",
  "no-key",
  "key-pair",
  "quoted-key",
  "prefixed-key",
  "empty-key",
  "no-upstream",
];

/** Where an example answers in a profile. */
export const examplePath = (profile: ProfileName): string =>
  plain.includes(profile) ? "/api/fal/proxy" : "/api/fal/conformance";

/** The text of one of its files. */
export const exampleFile = (name: string, path: string): string =>
  readFileSync(join(folderOf(name), path), "utf8");
