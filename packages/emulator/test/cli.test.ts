// The built program, as a process.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

// `npm test` builds before it tests.
const program = join(import.meta.dirname, "../dist/cli.js");

test("the program: prints where it is, serves over TLS, writes its certificate, ends on SIGTERM", async () => {
  const folder = await mkdtemp(join(tmpdir(), "fal-emulator-test-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "ca.pem");
  const child = spawn(process.execPath, [
    program,
    "--port",
    "0",
    "--latency",
    "0",
    "--key",
    "me:secret",
    "--unknown-models",
    "generic",
    "--tls",
    "--certificate",
    file,
  ]);
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  while (!/models/.test(output)) await once(child.stdout, "data");
  expect(output).toMatch(/^key +me:secret$/m);
  const url = /https:\/\/127\.0\.0\.1:\d+/.exec(output)![0];
  const status = await new Promise((resolve, reject) =>
    httpsRequest(
      `${url}/fal.run/fal-ai/any-new-llm`,
      { ca: readFileSync(file), headers: { authorization: "Key me:secret" } },
      (response) => response.resume().on("end", () => resolve(response.statusCode)),
    )
      .on("error", reject)
      .end(),
  );
  expect(status).toBe(200);
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
});

test.each([
  [["--latency", "fast"], /--latency must be a number/],
  [["--nonsense"], /--nonsense/],
  [["--unknown-models", "allow"], /--unknown-models must be generic or refuse/],
])("the program: %s is refused in one line", async (args, message) => {
  const child = spawn(process.execPath, [program, ...args]);
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const [code] = (await once(child, "exit")) as [number];
  expect(code).toBe(1);
  expect(errors).toMatch(message);
  expect(errors.trim().split("\n")).toHaveLength(1);
});
