// The App Router on Workers (D2): built by OpenNext, served by wrangler, in front of a local fal.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createEmulator, type Emulator } from "fal-emulator";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  ask,
  startServerProcess,
  type ServerProcess,
} from "../../../packages/proxy/test/support/server-process.ts";
import { buildApp } from "../../testing/built-app.mjs";

const folder = join(import.meta.dirname, "..");

let fal: Emulator;
let wrangler: ServerProcess | undefined;

beforeAll(async () => {
  [fal] = await Promise.all([createEmulator({ latency: 0 }), buildApp("nextjs-cloudflare")]);
  const vars = { FAL_KEY: fal.key, FAL_PROXY_UPSTREAM: fal.url };
  const args = (port: number): string[] => [
    "node_modules/wrangler/bin/wrangler.js",
    "dev",
    "--ip=127.0.0.1",
    `--port=${port}`,
    "--inspector-port=0",
    "--show-interactive-dev-session=false",
    ...Object.entries(vars).flatMap(([name, value]) => ["--var", `${name}:${value}`]),
  ];
  // Its workerd is a process of its own.
  const options = { cwd: folder, group: true, env: { WRANGLER_SEND_METRICS: "false" } };
  wrangler = await startServerProcess(node22(), args, options);
}, 300_000);
beforeEach(() => fal.reset());
afterAll(async () => {
  wrangler?.kill();
  await fal?.close();
});

/** Wrangler asks for Node 22.12. */
function node22(): string {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 12)) return process.execPath;
  const modules = join(folder, "../../tools/node22/node_modules");
  const names = existsSync(modules) ? readdirSync(modules) : [];
  const name = names.find((one) => one.startsWith("node-"));
  expect(name, "Node 22 is missing, which wrangler needs: npm ci in tools/node22").toBeDefined();
  return join(modules, name as string, "bin/node");
}

const askNext = (path: string, init: RequestInit = {}): Promise<Response> =>
  ask(`${wrangler?.url}/api/fal/proxy`, path, init);

describe("D2: Next on Cloudflare", () => {
  test("a body arrives byte by byte, with the key, and so does fal's reply", async () => {
    const text = "grüezi 🐈".repeat(20_000);
    fal.script({ path: "/fal-ai/echo", body: JSON.stringify({ text }) });
    const response = await askNext("fal.run/fal-ai/echo");
    expect([response.status, await response.json()]).toEqual([200, { text }]);
    expect(fal.requests[0]?.headers["authorization"]).toBe(`Key ${fal.key}`);
    expect(new TextDecoder().decode(fal.requests[0]?.body)).toBe('{"prompt":"ein Kätzchen 🐈"}');
  });

  test("a stream passes while it goes on", async () => {
    fal.script({
      path: "/fal-ai/echo",
      headers: [["content-type", "text/event-stream"]],
      body: "data: 1\n\ndata: 2\n\n",
      chunks: { size: 9, everyMs: 500 },
    });
    const response = await askNext("fal.run/fal-ai/echo");
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const next = async (): Promise<string> =>
      String(Buffer.from((await reader.read()).value ?? []));
    expect([await next(), await next()]).toEqual(["data: 1\n\n", "data: 2\n\n"]);
  });

  test("a caller who leaves ends the call", async () => {
    fal.script({
      path: "/fal-ai/echo",
      headers: [["content-type", "text/event-stream"]],
      body: "data: 1\n\n".repeat(100),
      chunks: { size: 9, everyMs: 200 },
    });
    const leaving = new AbortController();
    const response = await askNext("fal.run/fal-ai/echo", { signal: leaving.signal });
    await (response.body as ReadableStream).getReader().read();
    leaving.abort();
    await expect.poll(() => fal.requests[0]?.aborted, { timeout: 5000 }).toBe(true);
  });

  test("a job: submitted, polled, fetched", async () => {
    const submitted = await askNext("queue.fal.run/fal-ai/flux/dev");
    const { request_id: id } = (await submitted.json()) as { request_id: string };
    const get = async (path: string): Promise<{ status?: string; images?: unknown[] }> => {
      const target = `queue.fal.run/fal-ai/flux/requests/${id}${path}`;
      return (await askNext(target, { method: "GET", body: null })).json() as never;
    };
    await expect.poll(async () => (await get("/status")).status).toBe("COMPLETED");
    expect((await get("")).images).toHaveLength(1);
  });

  test("a refusal is one", async () => {
    const response = await askNext("elsewhere.example/");
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "target_not_allowed" });
    expect(fal.requests).toEqual([]);
  });
});
