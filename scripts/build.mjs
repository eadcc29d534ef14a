// Builds packages in the order of knowledge: emulator, proxy (ESM and CommonJS), conformance, gateway.
// `node scripts/build.mjs [--stale] [package…]`; --stale builds only what is older than its sources.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(import.meta.dirname, "..");
const stamps = join(root, "node_modules/.cache/build");

/** A compiler writes what it can even when it complains, so the steps after a failed one still run. */
const failures = [];
const run = (bin, ...args) => {
  const { status } = spawnSync(process.execPath, [join(root, "node_modules", bin), ...args], {
    cwd: root,
    stdio: "inherit",
  });
  if (status !== 0) failures.push(args.join(" "));
};
const tsc = (...args) => run("typescript/bin/tsc", ...args);

const proxy = () => {
  tsc("-p", "packages/proxy/tsconfig.json");
  tsc("-p", "packages/proxy/tsconfig.node.json");
  tsc("-p", "packages/proxy/tsconfig.commonjs.json");
  renameToCommonJs(join(root, "packages/proxy/dist/cjs"));
};

/**
 * Gives what the compiler wrote the endings of CommonJS, `.cjs` and `.d.cts`. A second package.json with another
 * `type` would do without, but it would also hide the package's own `imports`.
 */
function renameToCommonJs(folder) {
  const ending = (name) =>
    name.replace(/\.js(\.map)?$/, ".cjs$1").replace(/\.d\.ts(\.map)?$/, ".d.cts$1");
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || ending(path) === path) continue;
    const text = readFileSync(path, "utf8");
    const relinked = text
      .replaceAll(/((?:require\(|import\(|from |import )"\.[^"]*)\.[jt]s"/g, '$1.cjs"')
      .replace(/(\/\/# sourceMappingURL=)(.*)$/m, (_, mark, name) => mark + ending(name))
      .replace(/^(\{"version":3,"file":)"([^"]*)"/, (_, mark, name) => `${mark}"${ending(name)}"`);
    writeFileSync(ending(path), relinked);
    rmSync(path);
  }
}

const builders = {
  emulator: () => tsc("-p", "packages/emulator"),
  proxy,
  conformance: () => tsc("-p", "packages/conformance"),
  gateway: () => {
    tsc("-p", "packages/gateway");
    run("vite/bin/vite.js", "build", "--logLevel", "warn", "packages/gateway/ui");
  },
};

/**
 * Builds `names` (default: all); with `stale`, only those older than their sources.
 *
 * @returns the names of what it built
 * @throws Error when a step failed
 */
export function build(names = [], { stale = false } = {}) {
  const unknown = names.filter((name) => !(name in builders));
  if (unknown.length > 0) {
    throw new Error(
      `build: no package "${unknown[0]}"; there are ${Object.keys(builders).join(", ")}`,
    );
  }
  const wanted = Object.keys(builders).filter((name) => names.length === 0 || names.includes(name));
  const built = wanted.filter((name) => !stale || isStale(name));
  for (const name of built) {
    const dist = join(root, "packages", name, "dist");
    const started = new Date();
    const failedBefore = failures.length;
    builders[name]();
    if (failures.length > failedBefore) continue;
    // Written over in place and swept afterwards, so that whatever runs from dist meanwhile keeps running.
    sweep(dist, started.getTime() - 50);
    makeBinsExecutable(name);
    mkdirSync(stamps, { recursive: true });
    writeFileSync(join(stamps, name), "");
    utimesSync(join(stamps, name), started, started);
  }
  if (failures.length > 0) throw new Error(`build: failed at ${failures.splice(0).join(", ")}`);
  return built;
}

function isStale(name) {
  const stamp = join(stamps, name);
  const folder = join(root, "packages", name);
  if (!existsSync(stamp) || !existsSync(join(folder, "dist"))) return true;
  const own = readdirSync(folder).filter(
    (entry) => !["dist", "node_modules", "test"].includes(entry),
  );
  const inputs = [
    fileURLToPath(import.meta.url),
    join(root, "tsconfig.base.json"),
    ...own.map((entry) => join(folder, entry)),
  ];
  return Math.max(...inputs.map(newest)) > statSync(stamp).mtimeMs;
}

/** The last change below a path, in ms. A folder's own time counts: it moves when a file is deleted. */
function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((entry) => newest(join(path, entry))));
}

function sweep(folder, before) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      sweep(path, before);
      if (readdirSync(path).length === 0) rmSync(path, { recursive: true });
    } else if (statSync(path).mtimeMs < before) rmSync(path);
  }
}

/** npm does this when it installs a package, but a workspace is linked before it is built. */
function makeBinsExecutable(name) {
  const folder = join(root, "packages", name);
  const { bin = {} } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  for (const file of typeof bin === "string" ? [bin] : Object.values(bin)) {
    chmodSync(join(folder, file), 0o755);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const names = process.argv.slice(2).filter((argument) => argument !== "--stale");
  try {
    const built = build(names, { stale: process.argv.includes("--stale") });
    if (built.length > 0) console.log(`built ${built.join(", ")}`);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
