/** The h3 entry in an app that the real Nitro 2 has built, as Nuxt 4 does, for three of its platforms. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { RUN, SUBMIT } from "./support/fronts.ts";
import { ask, startServerProcess, type ServerProcess } from "./support/server-process.ts";
import { json, startWildFal, type WildFal } from "./support/wild-fal.ts";
import { KEYS, startWorker } from "./support/workerd.ts";

const library = join(import.meta.dirname, "..");
const root = join(library, "../..");
const tools = join(root, "tools/nitro/node_modules");

let fal: WildFal;
let folder: string;
let server: ServerProcess | undefined;

beforeAll(async () => {
  expect(existsSync(tools), "Nitro is missing: npm ci in tools/nitro").toBe(true);
  fal = await startWildFal();
  folder = await mkdtemp(join(tmpdir(), "nitro-"));
  await cp(join(import.meta.dirname, "nitro"), folder, { recursive: true });
  // As it is installed: Nitro treats what lies outside node_modules as the app's own.
  const installed = join(folder, "node_modules/@fal-ai/server-proxy");
  await mkdir(installed, { recursive: true });
  for (const part of ["package.json", "dist"]) {
    await cp(join(library, part), join(installed, part), { recursive: true });
  }
  await symlink(join(root, "node_modules/undici"), join(folder, "node_modules/undici"));
  for (const name of ["h3", "nitropack"]) {
    await symlink(join(tools, name), join(folder, "node_modules", name));
  }
});
beforeEach(() => {
  fal.received.length = 0;
  fal.answer = json({ ok: true });
});
afterAll(async () => {
  fal.close();
  await rm(folder, { recursive: true, force: true });
});

/** Builds the app; answers the entry of the server. */
function buildFor(preset: string): string {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(tools, "nitropack/dist/cli/index.mjs"), "build", "--preset", preset],
    { cwd: folder, encoding: "utf8" },
  );
  expect(status, stdout + stderr).toBe(0);
  return join(folder, ".output/server/index.mjs");
}

const askNitro = (path: string): Promise<Response> => ask(`${server?.url}/api/fal/proxy`, path);
const told = async (): Promise<unknown> => (await fetch(`${server?.url}/told`)).json();

/** Lets fal answer with an event, and with a second one when the result is called. */
function answerInTwo(): () => void {
  let finish = (): void => {};
  fal.answer = (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).write("data: 1\n\n");
    finish = () => void response.end("data: 2\n\n");
  };
  return () => finish();
}

/** Reads what comes next. */
function readerOf({ body }: Response): () => Promise<string> {
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  return async () => Buffer.from((await reader.read()).value ?? []).toString();
}

async function startOnNode(): Promise<ServerProcess> {
  const env = { FAL_KEY: "id:secret", FAL_PROXY_UPSTREAM: fal.url, HOST: "127.0.0.1" };
  const entry = buildFor("node-server");
  return startServerProcess(process.execPath, () => [entry], { env });
}

async function startOnWorkers(): Promise<ServerProcess> {
  // As wrangler does it with nodejs_compat.
  await build({
    entryPoints: [buildFor("cloudflare-module")],
    outfile: join(folder, "worker.mjs"),
    bundle: true,
    format: "esm",
    conditions: ["workerd"],
    external: ["node:*"],
    logLevel: "error",
  });
  const flags = ["nodejs_compat"];
  return startWorker(folder, { flags, key: KEYS.text, upstream: fal.url });
}

describe.each([
  ["node-server", startOnNode],
  ["cloudflare-module", startOnWorkers],
])("Nitro 2, %s", (_preset, start) => {
  beforeAll(async () => {
    server = await start();
  }, 120_000);
  afterAll(() => server?.kill());

  test("a body arrives byte by byte, and so does fal's reply", async () => {
    fal.answer = json({ text: "grüezi 🐈".repeat(20_000) });
    const response = await askNitro(RUN);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ text: "grüezi 🐈".repeat(20_000) });
    expect(fal.received[0]?.headers["authorization"]).toBe("Key id:secret");
    expect(String(fal.received[0]?.body)).toBe('{"prompt":"ein Kätzchen 🐈"}');
  });

  test("a stream passes while it goes on", async () => {
    const finish = answerInTwo();
    const next = readerOf(await askNitro(RUN));
    expect(await next()).toBe("data: 1\n\n");
    finish();
    expect(await next()).toBe("data: 2\n\n");
  });

  test("the work that the end of a call starts is waited for", async () => {
    await (await askNitro(SUBMIT)).text();
    await expect.poll(told, { timeout: 5000 }).toContain("submit completed");
  });

  test("a route of the same app reaches it without the network, and its stream passes too", async () => {
    const finish = answerInTwo();
    const target = encodeURIComponent(`https://${RUN}`);
    const next = readerOf(await fetch(`${server?.url}/inside?target=${target}`));
    expect(await next()).toBe("data: 1\n\n");
    finish();
    expect(await next()).toBe("data: 2\n\n");
    expect(String(fal.received[0]?.body)).toBe('{"prompt":"x"}');
  });

  test("a refusal is one", async () => {
    const response = await askNitro("evil.example/");
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "target_not_allowed" });
    expect(fal.received).toEqual([]);
  });
});

describe("Nitro 2, aws-lambda", () => {
  type Lambda = (event: unknown, context: unknown) => Promise<{ statusCode: number; body: string }>;

  test("an event is answered", async () => {
    vi.stubEnv("FAL_KEY", "id:secret");
    vi.stubEnv("FAL_PROXY_UPSTREAM", fal.url);
    const { handler } = (await import(pathToFileURL(buildFor("aws-lambda")).href)) as {
      handler: Lambda;
    };
    const answer = await handler(
      {
        rawPath: "/api/fal/proxy",
        headers: { "x-fal-target-url": `https://${RUN}`, "content-type": "application/json" },
        requestContext: { http: { method: "POST" } },
        body: '{"prompt":"ein Kätzchen"}',
      },
      {},
    );
    expect([answer.statusCode, JSON.parse(answer.body)]).toEqual([200, { ok: true }]);
    expect(String(fal.received[0]?.body)).toBe('{"prompt":"ein Kätzchen"}');
    vi.unstubAllEnvs();
  }, 60_000);
});
