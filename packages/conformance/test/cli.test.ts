/** The command line, as a user runs it. */
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { beforeAll, describe, expect, it } from "vitest";
import { startCommand } from "../src/index.ts";
import { bundleReference } from "./reference/bundle.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const cli = join(import.meta.dirname, "../dist/cli.js");

interface Run {
  code: number;
  stdout: string;
  stderr: string;
}

const run = (...args: string[]): Promise<Run> =>
  new Promise((resolve) => {
    execFile(process.execPath, [cli, ...args], { maxBuffer: 64e6 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });

let reference: string;
let folder: string;
beforeAll(async () => {
  reference = await bundleReference();
  folder = temporaryFolder("conformance");
});

describe("fal-proxy-conformance", () => {
  it("lists the cases, with their rules and faults", async () => {
    const { code, stdout } = await run("--list", "--only", "target");
    expect(code).toBe(0);
    expect(stdout).toMatch(/target-http +P-07 +MUST +an http target is refused +\[R3\]/);
    expect(stdout).not.toContain("cors-reply");
  });

  it("says what is wrong with its arguments", { timeout: 120_000 }, async () => {
    for (const [args, message] of [
      [[], "give either --start or --url"],
      [["--start", "x", "--url", "http://x"], "give either --start or --url"],
      [["--start", "x", "--format", "html"], "--format is one of text, tap, junit, json, markdown"],
      [["--start", "x", "--profiles", "nonsense"], 'there is no profile "nonsense"'],
      [["--start", "x", "--level", "MAY"], "--level is MUST or SHOULD"],
      [["--start", "x", "--only", "nonsense"], "No case matches"],
      [["--nonsense"], "nonsense"],
    ] as const) {
      const { code, stderr } = await run(...args);
      expect(stderr).toContain(message);
      expect(code).toBe(2);
    }
  });

  it("judges a proxy that it starts: status 0 when it conforms", async () => {
    const { code, stdout } = await run("--start", reference, "--only", "methods,auth-key-sent");
    expect(stdout).toContain("conforms");
    expect(code).toBe(0);
  });

  it("prints rule, both sides, what was wanted and a hint when it does not: status 1", async () => {
    const start = `SABOTAGE=auth-caller-session-not-sent ${reference}`;
    const { code, stdout } = await run("--start", start, "--only", "auth-caller-*");
    expect(code).toBe(1);
    for (const part of [
      "FAIL auth-caller-session-not-sent  P-21 MUST",
      "also known as: R6",
      "wanted: no header that fal receives holds the caller's session",
      "hint:   Never copy",
      "x-fal-target-url: https://queue.fal.run/conformance/",
      "200 after",
      "authorization: Bearer app-session",
      "does not conform: 2 passed, 1 MUST failed",
    ]) {
      expect(stdout).toContain(part);
    }
  });

  it("writes every format", { timeout: 60_000 }, async () => {
    const start = `SABOTAGE=methods-put ${reference}`;
    const only = ["--start", start, "--only", "methods-put,methods-get,cors-reply"];
    const [tap, junit, json, markdown] = await Promise.all(
      ["tap", "junit", "json", "markdown"].map((format) => run(...only, "--format", format)),
    );
    expect(tap?.stdout).toMatch(/^TAP version 14\n1\.\.3\nok 1 - methods-get/);
    expect(tap?.stdout).toContain("not ok 2 - methods-put P-02");
    expect(tap?.stdout).toContain("ok 3 - cors-reply");
    expect(tap?.stdout).toContain("# SKIP needs --profiles cors");
    expect(junit?.stdout).toContain(
      '<testsuite name="methods" tests="2" failures="1" skipped="0">',
    );
    expect(junit?.stdout).toContain("<failure message=");
    const report = JSON.parse(json?.stdout ?? "") as { ok: boolean; counts: { failed: number } };
    expect(report).toMatchObject({ ok: false, counts: { failed: 1, passed: 1, notOffered: 1 } });
    expect(markdown?.stdout).toContain("| MUST | `methods-put`");
  });

  it("reads expected failures, and writes the report and a summary to files", async () => {
    const list = join(folder, "expected.txt");
    await writeFile(list, "methods-put # known\n");
    const output = join(folder, "report.json");
    const summary = join(folder, "summary.md");
    const { code } = await run(
      "--start",
      `SABOTAGE=methods-put ${reference}`,
      "--only=methods-put",
      `--expected-failures=${list}`,
      "--format=json",
      `--output=${output}`,
      `--summary=${summary}`,
    );
    expect(code).toBe(0);
    expect(JSON.parse(await readFile(output, "utf8"))).toMatchObject({
      counts: { expectedFailures: 1 },
    });
    expect(await readFile(summary, "utf8")).toContain("conforms");
  });
});

describe("a proxy that runs already", () => {
  it(
    "is judged when it uses the fal of the kit, and told how to when not",
    { timeout: 60_000 },
    async () => {
      const port = String(await freePort());
      const { stdout } = await run("--env", "--emulator-port", port);
      const environment = Object.fromEntries(
        stdout
          .trim()
          .split("\n")
          .map((line) => line.split("=", 2)),
      );
      expect(environment.FAL_PROXY_UPSTREAM).toBe(`http://127.0.0.1:${port}`);

      const good = await startCommand({ command: reference, environment, path: "/api/fal/proxy" });
      const stray = await startCommand({
        command: reference,
        environment: { ...environment, FAL_PROXY_UPSTREAM: "http://127.0.0.1:9" },
        path: "/api/fal/proxy",
      });
      try {
        const told = await run("--url", stray.url.href, "--emulator-port", port, "--only", "auth");
        expect(told.code).toBe(2);
        expect(told.stderr).toContain(`FAL_PROXY_UPSTREAM=http://127.0.0.1:${port}`);
        const judged = await run(
          "--url",
          good.url.href,
          "--emulator-port",
          port,
          "--only",
          "target,auth",
        );
        expect(judged.stdout).toContain("conforms");
        expect(judged.stdout).toContain("needs --url locked=http://…");
        expect(judged.code).toBe(0);
      } finally {
        await good.stop();
        await stray.stop();
      }
    },
  );
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
