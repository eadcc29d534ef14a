/** Rules P-52 and P-81: a proxy whose server speaks HTTP/2 keeps the other rules over it, and a cut is a stream error. */
import type { Case } from "../case.ts";
import type { Call } from "../rig.ts";
import { errorObject, headerValues, inTopic, refused, relayed, singleHeader } from "../wants.ts";
import { unusable } from "./unfit-replies.ts";

const profile = "http2";

export const http2Cases: Case[] = inTopic("http2", [
  {
    id: "http2-call",
    title: "a call over HTTP/2 is relayed as any other",
    rule: "P-81",
    level: "MUST",
    profile,
    hint: "Serve the same handler by http2.createServer, and leave connection and transfer-encoding out.",
    run: async (rig) => {
      const body = Buffer.from([0xff, 0xfe, 0, 0xc3, 0x28, 0x0a]);
      const headers: Array<[string, string]> = [
        ["content-type", "image/png"],
        ["x-fal-request-id", "11111111-2222-4333-8444-000000000000"],
      ];
      const exchange = await rig.call({
        headers: [["x-fal-queue-priority", "low"]],
        body: '{"prompt":"{m} é"}',
        answer: { status: 201, headers, body },
      });
      const request = relayed(exchange, 201);
      exchange.want(exchange.reply.complete, "the stream ends in order");
      exchange.want(exchange.reply.body.equals(body), "the caller receives fal's bytes");
      for (const [name, value] of headers) {
        exchange.want(singleHeader(exchange, name) === value, `the caller receives ${name}`);
      }
      exchange.want(
        request.bodyComplete &&
          request.bodyLength === `{"prompt":"${exchange.marker} é"}`.length + 1,
        "fal receives the caller's body",
      );
      exchange.want(request.headers["x-fal-queue-priority"] === "low", "fal receives the headers");
      // Pseudo-header fields are no headers (RFC 9113 section 8.3).
      const pseudo = Object.keys(request.headers).filter((name) => name.startsWith(":"));
      exchange.want(pseudo.length === 0, `fal does not receive ${pseudo.join(", ")}`);
    },
  },
  {
    id: "http2-streamed",
    title: "a reply of unknown length arrives whole",
    rule: "P-81",
    level: "MUST",
    profile,
    hint: "transfer-encoding belongs to HTTP/1.1 (RFC 9113 section 8.2.2): leave it out.",
    run: async (rig) => {
      const body = "data: {}\n\n".repeat(20);
      const headers: Array<[string, string]> = [["content-type", "text/event-stream"]];
      const answer = { status: 200, headers, body, chunks: { size: 10, everyMs: 2 } };
      const exchange = await rig.call({ answer });
      relayed(exchange);
      exchange.want(exchange.reply.complete, "the stream ends in order");
      exchange.want(exchange.reply.body.toString() === body, "the caller receives every event");
    },
  },
  {
    id: "http2-refusal",
    title: "a refusal over HTTP/2 is the same error object",
    rule: "P-81",
    level: "MUST",
    profile,
    hint: "A header such as connection makes the server throw: leave it out.",
    run: async (rig) => {
      for (const call of [
        { target: "https://evil.example/{m}/h2" },
        { target: null },
        { method: "PATCH", body: "{}" },
      ] satisfies Call[]) {
        const exchange = await rig.call(call);
        await refused(exchange, "it is no call to fal", [400, 403, 404, 405]);
        exchange.want(exchange.reply.complete, "the stream ends in order");
        exchange.want(typeof errorObject(exchange).code === "string", "the error has a code");
      }
    },
  },
  {
    id: "http2-repeated-field",
    title: "fields that HTTP/2 forbids or allows once do not spoil a reply",
    rule: "P-81",
    level: "MUST",
    profile,
    hint: "HTTP/2 servers throw on a connection-specific field and on a repeated single-value one: drop, or keep the first.",
    run: async (rig) => {
      const types = ["application/json", "text/html"];
      const ids = ["id-1", "id-2"];
      const headers: Array<[string, string]> = [
        ["connection", "keep-alive, x-hop"],
        ["keep-alive", "timeout=77"],
        ["proxy-connection", "keep-alive"],
        ["upgrade", "x"],
        ["te", "gzip"],
        ["http2-settings", "AAMAAABkAAQCAAAAAAIAAAAA"],
        ...types.map((type): [string, string] => ["content-type", type]),
        ...ids.map((id): [string, string] => ["x-fal-request-id", id]),
        ["__proto__", "x"],
        ["constructor", "x"],
      ];
      const exchange = await rig.call({ answer: { status: 200, headers, body: "{}" } });
      relayed(exchange);
      exchange.want(exchange.reply.complete, "the stream ends in order");
      exchange.want(exchange.reply.body.toString() === "{}", "the caller receives fal's body");
      for (const [name, values] of [
        ["content-type", types],
        ["x-fal-request-id", ids],
      ] as const) {
        const got = headerValues(exchange.reply, name);
        exchange.want(
          got.length === 1 && values.includes(got[0] ?? ""),
          `the caller receives ${name} once, as ${values.join(" or ")}`,
        );
      }
    },
  },
  {
    id: "http2-repeated-target",
    title: "two targets are refused over HTTP/2 as well",
    rule: "P-06",
    level: "MUST",
    profile,
    hint: "HTTP/2 servers join a repeated field by a comma, or keep one of its values: look at the raw headers.",
    run: async (rig) => {
      const target = "https://queue.fal.run/conformance/{m}/h2";
      for (const second of [target, "https://queue.fal.run/conformance/other/{m}"]) {
        const exchange = await rig.call({ target: [target, second] });
        await refused(exchange, "it has two targets", [400]);
      }
    },
  },
  {
    id: "http2-status-unknown",
    title: "a status that is none ends in a 5xx over HTTP/2 as well",
    rule: "P-78",
    level: "MUST",
    profile,
    hint: "An HTTP/2 server throws on a status beyond 599: check it before.",
    run: async (rig) => {
      for (const status of [600, 950]) {
        unusable(await rig.call({ answer: { status, body: "{}" } }), String(status), true);
      }
      relayed(await rig.call());
    },
  },
  {
    id: "http2-short-body",
    title: "a body that fal cuts short is a stream error",
    rule: "P-52",
    level: "MUST",
    profile,
    hint: "Reset the stream with INTERNAL_ERROR; NO_ERROR, or destroying the response object, may look like its end.",
    run: async (rig) => {
      const headers: Array<[string, string]> = [["content-type", "image/png"]];
      const body = "x".repeat(100_000);
      const answer = { status: 200, headers, body, truncateAtByte: 40_000 };
      const exchange = await rig.call({ answer });
      exchange.want(exchange.fal.length === 1, "the call reaches fal once");
      const { status, complete, bodyLength } = exchange.reply;
      if (status >= 500) return;
      exchange.want(!complete, "the stream does not end in order");
      exchange.want(bodyLength <= 40_000, "nothing is added to half a body");
    },
  },
  {
    id: "http2-broken-stream",
    title: "so is a stream of unknown length that breaks off",
    rule: "P-52",
    level: "MUST",
    profile,
    hint: "Reset the stream with INTERNAL_ERROR; NO_ERROR, or destroying the response object, may look like its end.",
    run: async (rig) => {
      for (const cut of [{ resetAtByte: 100 }, { truncateAtByte: 100 }]) {
        const exchange = await rig.call({
          answer: {
            status: 200,
            headers: [["content-type", "text/event-stream"]],
            body: "data: {}\n\n".repeat(50),
            chunks: { size: 10, everyMs: 5 },
            ...cut,
          },
        });
        exchange.want(exchange.fal.length === 1, "the call reaches fal once");
        const { status, complete, bodyLength } = exchange.reply;
        exchange.want(status === 200, "the caller receives fal's status");
        exchange.want(!complete, "the stream does not end in order");
        exchange.want(bodyLength <= 100, "nothing is added to half a stream");
      }
    },
  },
]);
