/** On platforms that hand over events: the real libraries that make Node's two objects of them. */
import { createRequire } from "node:module";
import { createEmulator, type Emulator } from "fal-emulator";
import express from "express";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createHandler, route } from "../src/adapters/express.ts";
import { createPageRouterHandler } from "../src/adapters/nextjs.ts";
import { createRequestListener } from "../src/adapters/node.ts";

// Their folder has a lock file of its own: npm ci in tools/serverless.
const require = createRequire(new URL("../../../tools/serverless/package.json", import.meta.url));

/** What API Gateway (HTTP API, payload 2.0) and function URLs send, as far as it is read. */
interface Event {
  readonly body: string;
  readonly isBase64Encoded: boolean;
  readonly headers: Record<string, string>;
}
interface Answer {
  statusCode: number;
  headers?: Record<string, string>;
  multiValueHeaders?: Record<string, string[]>;
  body: string;
  isBase64Encoded?: boolean;
}
type Lambda = (event: unknown, context: unknown) => Promise<Answer>;

let fal: Emulator;
beforeAll(async () => {
  fal = await createEmulator({ latency: 0 });
});
beforeEach(() => fal.reset());
afterAll(() => fal.close());

const config = () => ({ resolveFalAuth: () => fal.key, upstream: fal.url });

const event = ({ body, isBase64Encoded, headers }: Event): unknown => ({
  version: "2.0",
  routeKey: "$default",
  rawPath: route,
  rawQueryString: "",
  headers: { host: "abc.lambda-url.example", ...headers },
  requestContext: {
    http: { method: "POST", path: route, protocol: "HTTP/1.1", sourceIp: "192.0.2.7" },
    stage: "$default",
  },
  body,
  isBase64Encoded,
});

const lambdas: ReadonlyArray<readonly [string, () => Lambda]> = [
  [
    "serverless-http, node",
    () => require("serverless-http")(createRequestListener(config()), { binary: true }) as Lambda,
  ],
  ["serverless-http, Express", () => require("serverless-http")(app(), { binary: true }) as Lambda],
  ["Vercel's own helpers", vercel],
  [
    "serverless-express, Express",
    () =>
      require("@codegenie/serverless-express")({
        app: app(),
        binarySettings: { isBinary: true },
      }) as Lambda,
  ],
];

/** Vercel's launcher, whose helpers make `req.body` a getter that parses. */
function vercel(): Lambda {
  const { Bridge } = require("@vercel/node-bridge/bridge.js");
  const { createServerWithHelpers } = require("@vercel/node-bridge/helpers.js");
  const bridge = new Bridge(undefined, true);
  bridge.setServer(createServerWithHelpers(createPageRouterHandler(config()), bridge));
  bridge.listen();
  return async (given) => {
    const { body, isBase64Encoded, headers } = given as Event;
    const encoded = isBase64Encoded ? body : Buffer.from(body).toString("base64");
    const request = { method: "POST", path: route, headers, encoding: "base64", body: encoded };
    const answer = await bridge.launcher({ Action: "Invoke", body: JSON.stringify(request) }, {});
    return { ...answer, isBase64Encoded: answer.encoding === "base64" };
  };
}

function app(): express.Express {
  const made = express();
  made.use(route, createHandler(config()) as never);
  return made;
}

describe.each(lambdas)("%s", (_name, make) => {
  const headers = {
    "x-fal-target-url": "https://fal.run/fal-ai/echo",
    "content-type": "application/json",
  };
  const bodyOf = ({ body, isBase64Encoded }: Answer): string =>
    isBase64Encoded ? Buffer.from(body, "base64").toString() : body;
  const headerOf = (answer: Answer, name: string): string | undefined =>
    answer.headers?.[name] ?? answer.multiValueHeaders?.[name]?.[0];

  test.each([
    ["text", false],
    ["base64", true],
  ])("a body as %s arrives, and so does the reply", async (_form, isBase64Encoded) => {
    const sent = '{"text":"grüezi 🐈"}';
    const body = isBase64Encoded ? Buffer.from(sent).toString("base64") : sent;
    const length = String(Buffer.byteLength(sent));
    const answer = await make()(
      event({ body, isBase64Encoded, headers: { ...headers, "content-length": length } }),
      {},
    );
    expect(answer.statusCode).toBe(200);
    expect(bodyOf(answer)).toContain("grüezi 🐈");
    expect(headerOf(answer, "x-fal-request-id")).toBeTruthy();
    expect(Buffer.from(fal.requests[0]?.body ?? []).toString()).toBe(sent);
  });

  test("fal's stream arrives whole, and its picture's bytes unchanged", async () => {
    const events = 'data: {"step":1}\n\ndata: {"step":2}\n\n';
    fal.script({
      path: "/fal-ai/echo",
      headers: [["content-type", "text/event-stream"]],
      body: events,
      chunks: { size: 18, everyMs: 20 },
    });
    const call = event({
      body: "{}",
      isBase64Encoded: false,
      headers: { ...headers, "content-length": "2" },
    });
    expect(bodyOf(await make()(call, {}))).toBe(events);

    const picture = Uint8Array.from({ length: 5000 }, (_, at) => (at * 7) % 256);
    fal.reset();
    fal.script({ path: "/fal-ai/echo", headers: [["content-type", "image/png"]], body: picture });
    const answer = await make()(call, {});
    expect(answer.isBase64Encoded).toBe(true);
    expect(Buffer.from(answer.body, "base64").equals(Buffer.from(picture))).toBe(true);
  });

  test("a refusal is one", async () => {
    const answer = await make()(
      event({
        body: "{}",
        isBase64Encoded: false,
        headers: { ...headers, "x-fal-target-url": "https://evil.example/" },
      }),
      {},
    );
    expect(answer.statusCode).toBe(400);
    expect(JSON.parse(bodyOf(answer))).toMatchObject({ code: "target_not_allowed" });
  });
});
