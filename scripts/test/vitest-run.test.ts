// Proves that no way of failing is counted as success, with real runs of small suites.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runVitest } from "../vitest-run.mjs";

// Below the repository, so that the suites find vitest.
const artifacts = join(import.meta.dirname, "../../.artifacts");
let folder: string;

beforeEach(async () => {
  await mkdir(artifacts, { recursive: true });
  folder = await mkdtemp(join(artifacts, "vitest-run-"));
  // Otherwise vitest would find the configuration of the repository.
  await writeFile(join(folder, "vitest.config.mjs"), "export default {};");
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const head = `import { test, expect } from "vitest";\n`;
const passing = `test("a", () => expect(1).toBe(1));\n`;
const failing = `test("b", () => expect(1).toBe(2));\n`;

test.for<[what: string, files: string[], passed: number, failed: number]>([
  ["passing tests", [passing + passing, passing], 3, 0],
  ["a failing test", [passing + failing], 1, 1],
  ["a file that does not load", [passing, `throw new Error("broken");`], 1, 1],
  ["an error nobody awaits", [`${passing}void Promise.reject(new Error("lost"));`], 1, 1],
  [
    "a hook that breaks",
    [`import { afterAll } from "vitest"; afterAll(() => { throw 1; });${passing}`],
    1,
    1,
  ],
  ["a process that is killed", [`test("c", () => process.kill(process.pid, "SIGKILL"));`], 0, 1],
  ["nothing to run", [], 0, 1],
])("%s", async ([, files, passed, failed]) => {
  for (const [index, text] of files.entries()) {
    await writeFile(join(folder, `${index}.test.ts`), head + text);
  }
  const args = ["--root", folder];
  const counts = await runVitest({ name: "of a small suite", args, echo: false });
  expect(counts).toMatchObject({ passed, failed });
});
