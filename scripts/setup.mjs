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
 * @param {{ packages?: string[], apps?: boolean, tests?: boolean }} options
 *   `packages`: those to build, default all; `apps`: also install the example apps, whose frameworks the checks of types
 *   ask; `tests`: also prepare what only `npm test` needs
 * @throws Error with a message for a person
 */
export function setUp({ packages = [], apps = false, tests = false } = {}) {
  const started = Date.now();
  requireNode(20, 18, 1);
  let worked = installDependencies(root, say);
  for (const folder of [
    ...(apps ? withOwnLock("examples") : []),
    ...(tests ? withOwnLock("tools") : []),
  ]) {
    worked = installDependencies(folder, say) || worked;
  }
  if (tests) {
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

/** Below `examples`: apps too heavy for the workspace. Below `tools`: Node lines and floors. */
function withOwnLock(folder) {
  return readdirSync(join(root, folder))
    .map((entry) => join(root, folder, entry))
    .filter((path) => existsSync(join(path, "package-lock.json")));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const tests = process.argv.includes("--tests");
    setUp({ apps: tests, tests });
  } catch (error) {
    console.error(`set-up: ${error.message}`);
    process.exitCode = 1;
  }
}
