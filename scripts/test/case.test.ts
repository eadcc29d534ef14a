// One case on one server by a command of a second: what `npm run case` understands, and that the commands which
// failures name do repeat them.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { allCases } from "fal-proxy-conformance";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

interface Run {
  code: number;
  output: string;
}

function run(program: string, ...args: string[]): Promise<Run> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd: root, maxBuffer: 64e6 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr });
    });
  });
}

const runCase = (...names: string[]): Promise<Run> =>
  run(process.execPath, "scripts/case.mjs", ...names);

test("lists servers and cases", async () => {
  const { code, output } = await runCase();
  expect(code).toBe(0);
  for (const name of ["express4", "nextjs-edge", "flask", "published-hono", "replies-gzip (P-42)"])
    expect(output).toContain(name);
});

test.each([
  [["expres", "replies-gzip"], 'There is no server "expres". Did you mean "express"?'],
  [["express", "reply-gzip"], 'There is no case "reply-gzip". Did you mean "replies-gzip"?'],
  [["somewhere"], 'There is no server "somewhere". `npm run case` lists what there is.'],
])("%j is unknown", async (names, message) => {
  expect(await runCase(...names)).toEqual({ code: 2, output: `${message}\n` });
});

test("runs the case, a topic, a rule, and nothing else", async () => {
  const { code, output } = await runCase("node", "replies-gzip", "methods", "P-13");
  const wanted = allCases.filter(
    ({ id, topic, rule }) => id === "replies-gzip" || topic === "methods" || rule === "P-13",
  );
  expect(
    output
      .replaceAll(/ \(\d+ ms\)/g, "")
      .trim()
      .split("\n"),
  ).toEqual(wanted.map(({ id }) => `ok ${id}`));
  expect(code).toBe(0);
});

test("says why a server has no place for a case", async () => {
  expect(await runCase("node", "replies-nothing-after")).toEqual({
    code: 0,
    output: "skip replies-nothing-after: a bare listener has nothing after it\n",
  });
});

test("a failure names the command that repeats it, and that one alone", async () => {
  const { code, output } = await runCase("documented-custom", "target-http", "methods-get");
  expect(code).toBe(1);
  expect(output).toContain("FAIL target-http  P-07 MUST  an http target is refused");
  const [, again = ""] = /^ {2}again: {2}npm run case -- (.*)$/m.exec(output) ?? [];
  expect(again).toBe("documented-custom target-http");
  const repeated = await runCase(...again.split(" "));
  expect(repeated.code).toBe(1);
  expect(repeated.output).toMatch(/^FAIL target-http /);
});

test("the kit's own failure names a command line that repeats it for strangers", async () => {
  // What has to survive the shell: quotes, a variable, a space in an argument.
  const server = `X='it'"'s" exec "${process.execPath}" examples/documented-custom/server.mjs $NONE`;
  const cli = join(root, "packages/conformance/dist/cli.js");
  const first = await run(process.execPath, cli, "--start", server, "--only", "P-07,methods-get");
  expect(first.output).toContain("FAIL target-http ");
  const [, again = ""] = /^ {2}again: {2}npx fal-proxy-conformance (.*)$/m.exec(first.output) ?? [];
  expect(again).toMatch(/ --only target-http$/);
  const repeated = await run("sh", "-c", `"${process.execPath}" "${cli}" ${again}`);
  expect(repeated.code).toBe(1);
  expect(repeated.output).toMatch(/^FAIL target-http /);
  expect(repeated.output).toContain("does not conform: 0 passed, 1 MUST failed");
});
