/** What Bun, Deno and Workers do otherwise than Node, in the real ones (D2, D6, D8). */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { RUN } from "./support/fronts.ts";
import { startServerProcess, type ServerProcess } from "./support/server-process.ts";
import { json, startWildFal, type WildFal } from "./support/wild-fal.ts";

const root = join(import.meta.dirname, "../../..");
const program = (runtime: "bun" | "deno"): string => {
  const path = join(root, `tools/${runtime}/node_modules/.bin/${runtime}`);
  expect(existsSync(path), `${runtime} is missing: npm ci in tools/${runtime}`).toBe(true);
  return path;
};
const server = (name: string): string => join(import.meta.dirname, "servers", name);

let fal: WildFal;
let running: ServerProcess | undefined;
beforeAll(async () => {
  fal = await startWildFal();
});
beforeEach(() => {
  fal.received.length = 0;
  fal.answer = json({ ok: true });
});
afterEach(() => void running?.kill());
afterAll(() => fal.close());

/** Starts a server; resolves to the address of its proxy. */
async function start(command: string, ...args: string[]): Promise<string> {
  const env = { FAL_KEY: "id:secret", FAL_PROXY_UPSTREAM: fal.url };
  running = await startServerProcess(command, () => args, { env });
  return `${running.url}/api/fal/proxy`;
}

const ask = (url: string, init: RequestInit = {}): Promise<Response> =>
  fetch(url, { ...init, headers: { "x-fal-target-url": `https://${RUN}`, ...init.headers } });

describe("D6: Bun", () => {
  test("does not cut a stream that is silent for longer than its 10 s", async () => {
    const url = await start(program("bun"), server("bun.mjs"));
    fal.answer = (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).write("data: 1\n\n");
      setTimeout(() => response.end("data: 2\n\n"), 12_000);
    };
    const response = await ask(url, { method: "POST", body: "{}" });
    expect(await response.text()).toBe("data: 1\n\ndata: 2\n\n");
  }, 30_000);
});

describe("D8: Deno", () => {
  /** What the server of the tests reads besides the key. */
  const settings = [
    "FAL_PROXY_UPSTREAM",
    "PORT",
    "FAL_PROXY_PROFILE",
    "FAL_PROXY_ENDPOINTS",
    "CONFORMANCE_KEY",
  ];
  const startGranted = (...names: string[]): Promise<string> =>
    start(
      program("deno"),
      "run",
      "--no-prompt",
      "--no-check",
      "--node-modules-dir=manual",
      "--allow-net=127.0.0.1",
      `--allow-env=${[...names, ...settings].join(",")}`,
      server("deno.mjs"),
    );

  test("runs with the grants that it needs and no others", async () => {
    const url = await startGranted("FAL_KEY");
    const response = await ask(url, { method: "POST", body: "{}" });
    expect([response.status, await response.json()]).toEqual([200, { ok: true }]);
    expect(fal.received[0]?.headers["authorization"]).toBe("Key id:secret");
    expect(running?.printed()).not.toContain("NotCapable");
  });

  test("without a grant for FAL_KEY there is no key, and that is said", async () => {
    const url = await startGranted();
    const response = await ask(url, { method: "POST", body: "{}" });
    expect([response.status, await response.json()]).toMatchObject([
      500,
      { code: "no_credentials" },
    ]);
    expect(fal.received).toEqual([]);
  });

  test("a paid call whose connection breaks is sent once", async () => {
    const url = await startGranted("FAL_KEY");
    fal.answer = (response) => void response.socket?.destroy();
    for (const body of ["{}", ""]) {
      fal.received.length = 0;
      const response = await ask(url, { method: "POST", body });
      expect(await response.json()).toMatchObject({ code: "upstream_unknown" });
      expect(fal.received).toHaveLength(1);
    }
  });
});

test.each([
  ["bun", []],
  ["deno", ["run", "--no-check", "--node-modules-dir=manual", "-A"]],
] as const)(
  "the SQLite of %s passes the suite of stores",
  async (runtime, flags) => {
    const suite = join(import.meta.dirname, "stores/suite-of-runtime.mjs");
    const { stdout } = await promisify(execFile)(program(runtime), [...flags, suite]);
    expect(stdout).toMatch(/^[1-9]\d+ passed, 0 failed\n$/);
  },
  120_000,
);
