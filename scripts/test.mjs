// `npm test`: sets up, checks, runs every test there is, and sums all of it in the last line,
// `N passed, N failed`. A runner that crashes, or finds nothing to run, counts as one failure.
// `npm run test:quick` leaves out what needs a framework's build, a browser, another Node, or minutes.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { check } from "./check.mjs";
import { root } from "./runner.mjs";
import { setUp } from "./setup.mjs";
import { runVitest } from "./vitest-run.mjs";

const total = { passed: 0, failed: 0 };

function count(name, { passed, failed, seconds }) {
  total.passed += passed;
  total.failed += failed;
  console.log(`\n— ${name}: ${passed} passed, ${failed} failed (${seconds} s)`);
}

async function runChecks() {
  const started = Date.now();
  const counts = await check();
  count("checks", { ...counts, seconds: ((Date.now() - started) / 1000).toFixed(1) });
}

/**
 * The library on the newer Node lines, where a binary for this platform could be installed. Example apps are judged on
 * one line: what they add to it is their framework's server, not the library.
 */
async function runOtherNodes() {
  const lines = readdirSync(join(root, "tools")).filter((name) => /^node\d+$/.test(name));
  for (const line of lines) {
    const modules = join(root, "tools", line, "node_modules");
    const binaries = existsSync(modules) ? readdirSync(modules) : [];
    const binary = binaries.find((name) => name.startsWith("node-"));
    if (binary === undefined) {
      console.log(`\n— ${line}: no binary for ${process.platform}-${process.arch}, not run`);
      continue;
    }
    const node = join(modules, binary, "bin/node");
    const name = `proxy on ${line}`;
    count(
      name,
      await runVitest({ name, node, args: ["packages/proxy/test", ...without(onOneLine)] }),
    );
  }
}

/** The library in another runtime, or in what a framework has built for one: whatever Node line starts it. */
const otherRuntimes = [
  "packages/proxy/test/{nitro,runtimes,workerd}",
  "packages/proxy/test/conformance/{bun,deno}",
];

/** Database servers, and what is played by the thousand: nothing of it differs between Node lines. */
const thorough = [
  "packages/proxy/test/simulation/{shard-1,shard-2,sabotage}",
  "packages/proxy/test/limits/engines",
  "packages/proxy/test/processes/processes",
  "packages/proxy/test/{cli,stores/postgres,stores/redis}",
];
const onOneLine = [...otherRuntimes, ...thorough];

/** Left out of the quick run: they take most of the time, and seldom notice something alone. */
const slow = [
  // The kit judges one server here; the tests beside it try both fronts.
  "packages/proxy/test/conformance/{express,express4,fastify,fetch,h3,h3v1,hono}",
  // The rules again, by comparison or by the thousand.
  "packages/proxy/test/{differential,fuzz,glob-differential,target-hostile}",
  // A browser, and what only `npm test` installs.
  "packages/gateway/test/playground-*",
  "packages/proxy/test/{clients,serverless}",
  "packages/proxy/test/conformance/functions-framework",
  ...onOneLine,
  // A process for each test; pictures pixel by pixel; jobs that take their time.
  "packages/gateway/test/cli",
  "packages/emulator/test/{cassettes,client,endpoints,media,models,openapi,queue,storage,unknown-models}",
  "packages/proxy/test/money/defaults",
  // Wait for addresses that do not answer, and for callers who do not read.
  "packages/proxy/test/{reach,relay}",
  // The tools themselves, proved case by case.
  "packages/conformance/test/{cli,reference,sabotage}",
  "scripts/test/{case,judge,vitest-run}",
];
const without = (/** @type {string[]} */ names) =>
  names.flatMap((name) => ["--exclude", `${name}.test.ts`]);
const quick = ["packages", "scripts", ...without(slow)];

try {
  const isQuick = process.argv.includes("--quick");
  setUp(isQuick ? { apps: true } : { apps: true, tests: true });
  await runChecks();
  if (isQuick) count("tests", await runVitest({ name: "quick", args: quick }));
  else {
    count("tests", await runVitest({ name: "tests" }));
    await runOtherNodes();
  }
} catch (error) {
  console.error(error);
  total.failed += 1;
}
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
