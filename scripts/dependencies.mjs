// Installs a folder's locked dependencies when what lies in node_modules is not what the lock file says.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Runs `npm ci` in `folder` if needed. Answers whether it did; throws when npm fails. */
export function installDependencies(folder, say) {
  const missing = firstMissing(folder);
  if (missing === undefined) return false;
  say(`npm ci in ${folder} (${missing})`);
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
  });
  if (status !== 0) throw new Error(`npm ci failed in ${folder}`);
  return true;
}

/** Compares the lock file with npm's own record of what it installed: exact, and needs no time stamps. */
function firstMissing(folder) {
  const record = join(folder, "node_modules/.package-lock.json");
  if (!existsSync(record)) return "nothing is installed";
  const wanted = packagesIn(join(folder, "package-lock.json"));
  const present = packagesIn(record);
  for (const [path, entry] of Object.entries(wanted)) {
    // Workspaces are sources, not installed things; optional packages may be for other platforms.
    if (!path.includes("node_modules/")) continue;
    if (entry.optional && present[path] === undefined) continue;
    if (entry.link ? !existsSync(join(folder, path)) : isOther(entry, present[path])) {
      return `${path.replace(/^.*node_modules\//, "")} is missing or of another version`;
    }
  }
  return undefined;
}

const packagesIn = (lockFile) => JSON.parse(readFileSync(lockFile, "utf8")).packages;
const isOther = (wanted, present) => present?.version !== wanted.version;
