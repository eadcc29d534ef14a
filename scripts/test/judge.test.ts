// `vitest -t` on the tests of a server: only the wanted cases run, on the profiles that they need, and a failing one
// says how to see it again.
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { root } from "../runner.mjs";
import { runVitest } from "../vitest-run.mjs";

const artifacts = join(root, ".artifacts");
let folder: string;

beforeEach(async () => {
  await mkdir(artifacts, { recursive: true });
  folder = await mkdtemp(join(artifacts, "judge-"));
  await writeFile(join(folder, "vitest.config.mjs"), "export default {};");
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** Judges a server of this repository in a suite of its own. */
async function judge(file: string, pattern: string) {
  const started = join(folder, "started");
  const report = `judge-${file.replaceAll(/\W/g, "-")}`;
  const command = `echo "$FAL_PROXY_PROFILE" >> "${started}"; exec "${process.execPath}" "${join(root, file)}"`;
  await writeFile(
    join(folder, "a.test.ts"),
    `import { judge } from "${join(root, "packages/proxy/test/conformance/judge.ts")}";
     judge("judged", { command: ${JSON.stringify(command)}, without: {} });`,
  );
  const args = ["--root", folder, "-t", pattern];
  const counts = await runVitest({ name: report, args, echo: false });
  const { testResults } = JSON.parse(
    await readFile(join(artifacts, `vitest-${report}.json`), "utf8"),
  ) as { testResults: { assertionResults: { failureMessages: string[] }[] }[] };
  return {
    counts,
    profiles: (await readFile(started, "utf8")).trim().split("\n").sort(),
    messages: testResults
      .flatMap(({ assertionResults }) => assertionResults)
      .flatMap(({ failureMessages = [] }) => failureMessages),
  };
}

test("runs the wanted cases, on one server for each profile that they need", async () => {
  const pattern = "(webhooks-denied|cors-reply|methods-get) ";
  const { counts, profiles } = await judge("packages/proxy/test/servers/node.mjs", pattern);
  expect(counts).toMatchObject({ passed: 3, failed: 0 });
  expect(profiles).toEqual(["cors", "default", "webhooks-deny"]);
});

test("a failure names the command that repeats it", async () => {
  const { counts, messages } = await judge("examples/documented-custom/server.mjs", "target-http ");
  expect(counts).toMatchObject({ passed: 0, failed: 1 });
  expect(messages.join()).toContain("npm run case -- judged target-http");
});
