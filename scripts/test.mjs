// `npm test`: sets up, checks, runs every test there is, and sums all of it in the last line,
// `N passed, N failed`. A runner that crashes, or finds nothing to run, counts as one failure.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { root, runCommand } from "./runner.mjs";
import { setUp } from "./setup.mjs";

const artifacts = join(root, ".artifacts");
const total = { passed: 0, failed: 0 };

function count(name, { passed, failed }, seconds) {
  total.passed += passed;
  total.failed += failed;
  console.log(`\n— ${name}: ${passed} passed, ${failed} failed${seconds ? ` (${seconds} s)` : ""}`);
}

/** The set-up may have to install what these modules import, hence the late import. */
async function runChecks() {
  const { check } = await import("./check.mjs");
  const started = Date.now();
  const counts = await check();
  count("checks", counts, ((Date.now() - started) / 1000).toFixed(1));
}

async function runVitest(name, node, filters) {
  const report = join(artifacts, `vitest-${name.replaceAll(/\W+/g, "-")}.json`);
  rmSync(report, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const { ok, seconds } = await runCommand([node, vitest, "run", ...reporters, ...filters], {
    // Tests that start `node` themselves get the same one.
    env: { PATH: `${dirname(node)}${delimiter}${process.env.PATH}` },
    echo: true,
    timeoutMs: 1_200_000,
  });
  count(name, readReport(report, ok), seconds);
}

function readReport(report, ok) {
  if (!existsSync(report)) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, "utf8"));
  // A file that could not be loaded has failed without a single failed test.
  const broken = testResults.filter(
    ({ status, assertionResults }) =>
      status === "failed" && assertionResults.every((test) => test.status !== "failed"),
  ).length;
  const failed = numFailedTests + broken;
  // An error outside of any test, or nothing found to run, shows in the exit code alone.
  return { passed: numPassedTests, failed: failed === 0 && !ok ? 1 : failed };
}

/** The library on the newer Node lines, where a binary for this platform could be installed. */
async function runOtherNodes() {
  for (const line of readdirSync(join(root, "tools"))) {
    const modules = join(root, "tools", line, "node_modules");
    const binaries = existsSync(modules) ? readdirSync(modules) : [];
    const binary = binaries.find((name) => name.startsWith("node-"));
    if (binary === undefined) {
      console.log(`\n— ${line}: no binary for ${process.platform}-${process.arch}, not run`);
      continue;
    }
    const node = join(modules, binary, "bin/node");
    await runVitest(`proxy on ${line}`, node, ["packages/proxy/test"]);
  }
}

/** An example app counts by its own last line `N passed, N failed`, else as one. */
async function runExamples() {
  const folder = join(root, "examples");
  for (const name of readdirSync(folder)) {
    const manifest = join(folder, name, "package.json");
    if (!existsSync(manifest)) continue;
    if (JSON.parse(readFileSync(manifest, "utf8")).scripts?.test === undefined) continue;
    const { ok, output, seconds } = await runCommand(["npm", "test"], {
      cwd: join(folder, name),
      echo: true,
    });
    const line = [...output.matchAll(/^(\d+) passed, (\d+) failed$/gm)].at(-1);
    const passed = line ? Number(line[1]) : Number(ok);
    const failed = line ? Number(line[2]) : Number(!ok);
    count(`example ${name}`, { passed, failed: failed === 0 && !ok ? 1 : failed }, seconds);
  }
}

mkdirSync(artifacts, { recursive: true });
try {
  setUp({ tests: true });
  await runChecks();
  await runVitest("packages", process.execPath, []);
  await runOtherNodes();
  await runExamples();
} catch (error) {
  console.error(error);
  total.failed += 1;
}
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
