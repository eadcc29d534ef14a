// Both fronts on the lowest versions that the library's package.json lets in.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, test } from "vitest";
import { judge } from "../../../packages/proxy/test/conformance/judge.ts";
import { floor, floors, installed, node } from "../subjects.mjs";

const readJson = (file: string): any => JSON.parse(readFileSync(file, "utf8"));
const manifest = readJson(join(import.meta.dirname, "../../../packages/proxy/package.json"));
/** The lowest version of a range of the forms that the package uses. */
const lowest = (range: string): string => /^(?:\^|>=)(\d+\.\d+\.\d+)$/.exec(range)?.[1] ?? range;

judge("node-at-floor", floors["node-at-floor"]);
judge("fetch-at-floor", floors["fetch-at-floor"]);

test("tools/floor/package.json holds the lowest version of each dependency, exactly", () => {
  const ranges = Object.entries<string>(manifest.dependencies);
  const wanted = Object.fromEntries(ranges.map(([name, range]) => [name, lowest(range)]));
  // After a change: npm install --package-lock-only in tools/floor.
  expect(readJson(join(import.meta.dirname, "../package.json")).dependencies).toEqual(wanted);
});

test("the copy of the library finds these versions", async () => {
  await floors["node-at-floor"].prepare?.();
  const { resolve } = createRequire(join(installed, "package.json"));
  for (const [name, range] of Object.entries<string>(manifest.dependencies)) {
    const folder = join(floor, "node_modules", name);
    expect(resolve(name)).toContain(folder);
    expect(readJson(join(folder, "package.json")).version).toBe(lowest(range));
  }
});

test("its server runs on the lowest Node, where there is a binary for this platform", () => {
  const { stdout } = spawnSync(node, ["--version"], { encoding: "utf8" });
  const wanted = node === process.execPath ? process.version : `v${lowest(manifest.engines.node)}`;
  expect(stdout.trim()).toBe(wanted);
});
