/** The fetch entry in workerd, the runtime of Cloudflare Workers: what its streams and its context need. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RUN, SUBMIT, until } from "./support/fronts.ts";
import { json, raw, startWildFal, type WildFal } from "./support/wild-fal.ts";
import { ask, type ServerProcess } from "./support/server-process.ts";
import { KEYS, startWorker } from "./support/workerd.ts";

let fal: WildFal;
let server: ServerProcess | undefined;
let folder: string;

const worker = `
  import { createFetchHandler } from "@fal-ai/server-proxy/fetch";
  const told = [];
  const handle = createFetchHandler({
    guards: [(call) => {
      call.onReply(async (reply) => void told.push(["reply", await reply.json()]));
      call.onEnd(async (end) => void told.push(["end", end.outcome, end.status, end.bytes]));
    }],
  });
  export default {
    fetch: (request, env, context) =>
      request.url.endsWith("/told") ? Response.json(told.splice(0)) : handle(request, env, context),
  };`;

const REQUIRE = 'import { createRequire } from "node:module"; const require = createRequire("/");';

const places = [
  {
    name: "what Workers themselves resolve",
    conditions: ["workerd"],
    flags: ["enable_request_signal"],
    key: KEYS.text,
  },
  {
    name: "D2: what a bundler for Node has resolved (Next by OpenNext), the key in a Secrets Store (D8)",
    conditions: ["node"],
    flags: ["enable_request_signal", "nodejs_compat"],
    key: KEYS.store,
  },
] as const;

const askWorker = (path: string, init: RequestInit = {}): Promise<Response> =>
  ask(server?.url ?? "", path, init);
const told = async (): Promise<unknown[]> =>
  (await fetch(`${server?.url}/told`)).json() as Promise<unknown[]>;

describe.each(places)("in workerd: $name", ({ conditions, flags, key }) => {
  beforeAll(async () => {
    fal = await startWildFal();
    folder = await mkdtemp(join(tmpdir(), "workerd-"));
    await build({
      stdin: { contents: worker, resolveDir: import.meta.dirname },
      outfile: join(folder, "worker.mjs"),
      bundle: true,
      format: "esm",
      conditions: [...conditions],
      // As OpenNext does it, for the CommonJS modules inside.
      ...(conditions[0] === "node" && { banner: { js: REQUIRE } }),
      external: ["node:*"],
      // The bundle of a Node build names modules without their scheme.
      alias: Object.fromEntries(
        ["assert", "buffer", "events", "http", "net", "stream", "tls", "util"].map((name) => [
          name,
          `node:${name}`,
        ]),
      ),
      logLevel: "error",
    });
    server = await startWorker(folder, { flags, key, upstream: fal.url });
  }, 60_000);

  afterAll(async () => {
    server?.kill();
    fal?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("a reply passes whole, with its length", async () => {
    const value = { text: "x".repeat(300_000) };
    fal.answer = json(value);
    const reply = await askWorker(RUN);
    expect(reply.headers.get("content-length")).toBe(String(JSON.stringify(value).length));
    expect(await reply.json()).toEqual(value);
  });

  it.each(["content-length: 200000", "transfer-encoding: chunked"])(
    "a reply that is cut does not look whole: %s",
    async (head) => {
      const half = "x".repeat(100_000);
      const body = head.startsWith("t") ? `${half.length.toString(16)}\r\n${half}\r\n` : half;
      fal.answer = raw(`HTTP/1.1 200 OK\ncontent-type: text/plain\n${head}\n\n${body}`);
      await expect(askWorker(RUN).then((reply) => reply.text())).rejects.toThrow();
    },
  );

  it("of a field that came twice the first counts, and a date stays whole", async () => {
    const date = "Wed, 21 Oct 2026 07:28:00 GMT";
    fal.answer = raw(
      `HTTP/1.1 200 OK\ncontent-type: text/plain\ncontent-type: text/html\nx-fal-request-id: a\nx-fal-request-id: b\nretry-after: ${date}\ncontent-length: 2\n\nok`,
    );
    const { headers } = await askWorker(RUN);
    expect(headers.get("content-type")).toBe("text/plain");
    expect(headers.get("x-fal-request-id")).toBe("a");
    expect(headers.get("retry-after")).toBe(date);
  });

  it("a streamed request keeps its length on the way to fal", async () => {
    fal.answer = json({ ok: true });
    fal.received.length = 0;
    await (await askWorker(RUN, { body: "x".repeat(200_000) })).text();
    expect(fal.received[0]?.headers["content-length"]).toBe("200000");
    expect(fal.received[0]?.body).toHaveLength(200_000);
  });

  it("a submit whose caller left is read to its end, and told", async () => {
    await told();
    let answer: (() => void) | undefined;
    fal.answer = (response, request) => {
      answer = () => json({ request_id: "r-1" })(response, request);
    };
    const stop = new AbortController();
    const asked = askWorker(SUBMIT, { signal: stop.signal }).catch(() => {});
    await until(() => answer !== undefined, "fal has the submit, which");
    stop.abort();
    await asked;
    await new Promise((resolve) => setTimeout(resolve, 300));
    answer?.();
    const seen: unknown[] = [];
    for (let tries = 0; tries < 100 && seen.length < 2; tries += 1) {
      seen.push(...(await told()));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    // workerd on its own notices a caller who left when it writes; Cloudflare's edge tells before.
    expect(seen).toMatchObject([
      ["reply", { request_id: "r-1" }],
      ["end", expect.stringMatching(/^(client_gone|completed)$/), 200, expect.any(Number)],
    ]);
  });

  it("a stream whose caller left is stopped once it carries data", async () => {
    fal.answer = (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const events = setInterval(() => response.write("data: 1\n\n"), 20);
      response.on("close", () => clearInterval(events));
    };
    const stop = new AbortController();
    const reply = await askWorker(`${RUN}/stream`, { signal: stop.signal });
    await reply.body!.getReader().read();
    stop.abort();
    await until(() => fal.busy() === 0, "the run is stopped, which");
  });
});
