// Runs vitest with any Node and counts what it found, honestly: a run that crashed, a file that did not load
// and a run that found nothing are failures too.
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { root, runCommand } from "./runner.mjs";

const artifacts = join(root, ".artifacts");

/**
 * @param {{ name: string, node?: string, args?: string[], echo?: boolean }} options
 *   `name` names the report in `.artifacts`; `node` is the path of the binary
 * @returns {Promise<{ passed: number, failed: number, seconds: string }>}
 */
export async function runVitest({ name, node = process.execPath, args = [], echo = true }) {
  mkdirSync(artifacts, { recursive: true });
  const report = join(artifacts, `vitest-${name.replaceAll(/\W+/g, "-")}.json`);
  rmSync(report, { force: true });
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const { ok, seconds } = await runCommand([node, vitest, "run", ...reporters, ...args], {
    // Tests that start `node` themselves get the same one.
    env: { PATH: `${dirname(node)}${delimiter}${process.env.PATH}` },
    echo,
    timeoutMs: 1_800_000,
  });
  return { ...readReport(report, ok), seconds };
}

function readReport(report, ok) {
  if (!existsSync(report)) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, "utf8"));
  // A file that did not load, or broke outside of its tests, has failed without a failed test.
  const broken = testResults.filter(
    ({ status, assertionResults }) =>
      status === "failed" && assertionResults.every((test) => test.status !== "failed"),
  ).length;
  const failed = numFailedTests + broken;
  // An error outside of any file, or nothing found to run, shows in the exit code alone.
  return { passed: numPassedTests, failed: failed === 0 && !ok ? 1 : failed };
}
