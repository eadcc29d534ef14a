// Does what a fresh clone misses, and nothing twice: dependencies, builds and, for tests, system packages
// and other Node lines. Plain Node only: it runs before anything is installed.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "./build.mjs";
import { installDebianPackages } from "./debian.mjs";
import { installDependencies } from "./dependencies.mjs";

const root = join(import.meta.dirname, "..");
const say = (line) => console.log(`set-up: ${line}`);

/**
 * @param {{ packages?: string[], tests?: boolean }} options
 *   `packages`: those to build, default all; `tests`: also prepare what only `npm test` needs
 * @throws Error with a message for a person
 */
export function setUp({ packages = [], tests = false } = {}) {
  const started = Date.now();
  requireNode(20, 18, 1);
  let worked = installDependencies(root, say);
  if (tests) {
    for (const folder of foldersWithOwnLock()) worked = installDependencies(folder, say) || worked;
    const missing = installDebianPackages(say);
    // The tests that need them say so by failing; the others are still worth running.
    if (missing.length > 0) say(`goes on without ${missing.join(", ")}: expect failing tests`);
  }
  const built = build(packages, { stale: true });
  if (built.length > 0) say(`built ${built.join(", ")}`);
  if (worked || built.length > 0) say(`done in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

function requireNode(...wanted) {
  const have = process.versions.node.split(".").map(Number);
  const difference =
    wanted.map((part, index) => have[index] - part).find((part) => part !== 0) ?? 0;
  if (difference < 0)
    throw new Error(`Node ${wanted.join(".")} or later is needed; this is ${process.version}`);
}

/** Node lines for the matrix, and example apps too heavy for the workspace. */
function foldersWithOwnLock() {
  return ["tools", "examples"]
    .map((folder) => join(root, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((entry) => join(folder, entry)))
    .filter((folder) => existsSync(join(folder, "package-lock.json")));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    setUp({ tests: process.argv.includes("--tests") });
  } catch (error) {
    console.error(`set-up: ${error.message}`);
    process.exitCode = 1;
  }
}
