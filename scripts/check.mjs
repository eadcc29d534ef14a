// `npm run check`: everything that can be known without running the product, one verdict a line.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root, runCommand } from "./runner.mjs";

const node = (path, ...args) => [process.execPath, join(root, path), ...args];
const tool = (path, ...args) => node(join("node_modules", path), ...args);

const packages = readdirSync(join(root, "packages")).filter((name) =>
  existsSync(join(root, "packages", name, "package.json")),
);

/** Each check is a name and the commands that must all succeed; `show`: its output belongs to the verdict. */
const checks = [
  { name: "format", commands: [tool("oxfmt/bin/oxfmt", "--check", ".")] },
  { name: "lint", commands: [tool("oxlint/bin/oxlint", "--deny-warnings", ".")] },
  { name: "imports", commands: [node("scripts/check-imports.mjs")] },
  { name: "size", commands: [node("scripts/check-size.mjs")], show: true },
  { name: "adapters", commands: [node("scripts/check-adapters.mjs")] },
  { name: "changesets", commands: [node("scripts/check-changesets.mjs")] },
  { name: "versions", commands: [node("scripts/check-versions.mjs")] },
  { name: "types of scripts", commands: [types("scripts/tsconfig.json")] },
  // An example with a lock file of its own is a framework's app, whose build checks its types.
  { name: "types of examples and tools", commands: [types("examples/testing")] },
  ...packages.map((name) => ({ name: `types of ${name}`, commands: projectsOf(name).map(types) })),
  ...packages.map((name) => ({ name: `package ${name}`, commands: publishing(name) })),
];

function types(project) {
  return tool("typescript/bin/tsc", "--noEmit", "--project", project);
}

/** What consumers get when the package is packed: its fields, and its types under every way to resolve them. */
function publishing(name) {
  const folder = join("packages", name);
  // Only the library is also CommonJS, as the published package is.
  const profile = name === "proxy" ? "strict" : "esm-only";
  return [
    tool("publint/src/cli.js", "--strict", folder),
    tool("@arethetypeswrong/cli/dist/index.js", "--pack", folder, "--profile", profile),
  ];
}

/** Every TypeScript project of a package: its sources, its tests, and whatever else it compiles. */
function projectsOf(name) {
  const folder = join("packages", name);
  const parts = readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !["dist", "node_modules"].includes(entry.name))
    .map((entry) => join(folder, entry.name));
  return [folder, ...parts].flatMap((part) =>
    readdirSync(join(root, part))
      .filter((file) => /^tsconfig.*\.json$/.test(file))
      .map((file) => join(part, file)),
  );
}

async function run({ name, commands, show = false }) {
  let output = "";
  let seconds = 0;
  for (const command of commands) {
    const result = await runCommand(command);
    seconds += Number(result.seconds);
    output = result.output.trim();
    if (!result.ok) {
      console.log(`✗ ${name} (${seconds.toFixed(1)} s)\n${indent(output)}`);
      return false;
    }
  }
  console.log(`✓ ${name}${show ? `, ${output}` : ""} (${seconds.toFixed(1)} s)`);
  return true;
}

const indent = (text) => text.replace(/^/gm, "    ");

/** Runs all checks, two at a time, and answers how many passed and failed. */
export async function check() {
  const waiting = [...checks];
  const counts = { passed: 0, failed: 0 };
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      counts[(await run(next)) ? "passed" : "failed"] += 1;
    }
  };
  await Promise.all([worker(), worker()]);
  return counts;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { passed, failed } = await check();
  console.log(`${passed} checks passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}
