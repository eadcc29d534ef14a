// The proxies that nobody expects to conform, and no test judges: the published package, and the code of fal's page.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root } from "./runner.mjs";

const server = (file) => `exec "${process.execPath}" "${join(root, file)}"`;
const published = "examples/published/server.mjs";

/**
 * What the published package offers, which is known to its server alone.
 *
 * @returns {ProfileName[]}
 */
function profilesOf(adapter) {
  const args = [join(root, published), "--adapter", adapter, "--profiles"];
  const { stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
  return /** @type {ProfileName[]} */ (stdout.trim().split(","));
}

const publishedPackage = (adapter) => ({
  command: `${server(published)} --adapter ${adapter}`,
  packageFolder: join(root, "examples/published/node_modules/published-server-proxy"),
  get profiles() {
    return profilesOf(adapter);
  },
});

/**
 * @typedef {import("fal-proxy-conformance").ProfileName} ProfileName
 * @typedef {{ command: string, packageFolder?: string, readonly profiles?: ProfileName[] }} Contestant
 *   `profiles`: the options that it offers, besides what the environment alone makes
 */

/** @type {Record<string, Contestant>} */
export const contestants = {
  ...Object.fromEntries(
    ["express", "hono", "remix", "svelte", "nextjs-app", "nextjs-pages"].map((adapter) => [
      `published-${adapter}`,
      publishedPackage(adapter),
    ]),
  ),
  "documented-custom": { command: server("examples/documented-custom/server.mjs") },
};
