/** Rules P-54 to P-59: the proxy's own errors, and what clients do with their status. */
import type { Case } from "../case.ts";
import type { Exchange, Rig } from "../rig.ts";
import { errorObject, headerList, inTopic, relayed, soon } from "../wants.ts";

const retried = [429, 502, 503, 504];

/** Fal takes the call and the connection breaks before any reply. */
const lost = { resetAtByte: 0 };

async function refusals(rig: Rig): Promise<Exchange[]> {
  return [
    await rig.call({ target: null }),
    await rig.call({ target: "http://fal.run/conformance/{m}" }),
    await rig.call({ target: "https://evil.example/{m}" }),
    await rig.call({ method: "GET", target: "https://user@fal.run/{m}" }),
  ];
}

export const errorCases: Case[] = inTopic("errors", [
  {
    id: "errors-object",
    title: "a refusal is a JSON object with message, detail and code",
    rule: "P-54",
    level: "MUST",
    faults: ["R18"],
    hint: 'Answer {"message":"…","detail":"…","code":"…"}: the JavaScript client reads message, the others detail.',
    run: async (rig) => {
      for (const exchange of await refusals(rig)) {
        const error = errorObject(exchange);
        for (const name of ["message", "detail", "code"] as const) {
          const value = error[name];
          exchange.want(typeof value === "string" && value !== "", `${name} is a text`);
        }
      }
    },
  },
  {
    id: "errors-content-type",
    title: "a refusal says that it is JSON",
    rule: "P-54",
    level: "MUST",
    hint: "Clients parse by content type: send application/json.",
    run: async (rig) => {
      for (const exchange of await refusals(rig)) {
        const type = headerList(exchange.reply, "content-type").join();
        exchange.want(type.startsWith("application/json"), "content-type is application/json");
      }
    },
  },
  {
    id: "errors-codes",
    title: "codes are those of the table",
    rule: "P-55",
    level: "SHOULD",
    faults: ["R18"],
    hint: "code is for programs: they share one table for all proxies.",
    run: async (rig) => {
      for (const [target, codes] of [
        [null, ["invalid_target"]],
        ["not a url {m}", ["invalid_target"]],
        ["http://fal.run/conformance/{m}", ["invalid_target", "target_not_allowed"]],
        ["https://evil.example/{m}", ["target_not_allowed"]],
      ] as const) {
        const exchange = await rig.call({ target });
        const { code } = errorObject(exchange);
        exchange.want(
          (codes as readonly unknown[]).includes(code),
          `code is ${codes.join(" or ")}`,
        );
      }
    },
  },
  {
    id: "errors-endpoint-code",
    title: "a refused endpoint has the code endpoint_not_allowed",
    rule: "P-55",
    level: "SHOULD",
    faults: ["R18"],
    profile: "endpoints",
    hint: "See the table of codes.",
    run: async (rig) => {
      const exchange = await rig.call();
      const { code } = errorObject(exchange);
      exchange.want(code === "endpoint_not_allowed", "code is endpoint_not_allowed");
    },
  },
  {
    id: "errors-not-retried",
    title: "refusals have statuses which clients do not repeat",
    rule: "P-13",
    level: "MUST",
    hint: "400, 401, 403, 404, 405, 413 and 422 are final for clients; 429, 502, 503 and 504 are not.",
    run: async (rig) => {
      for (const exchange of await refusals(rig)) {
        const { status } = exchange.reply;
        exchange.want(status >= 400 && status < 500 && status !== 429, "the status is a final 4xx");
      }
    },
  },
  {
    id: "errors-nothing-told",
    title: "no answer shows a stack trace or a path of the server",
    rule: "P-56",
    level: "MUST",
    faults: ["R35"],
    alone: true,
    hint: "Catch everything in the handler; in development frameworks print the exception into the reply.",
    run: async (rig) => {
      const exchanges = [
        await rig.call({ target: "not a url {m}" }),
        await rig.call({ target: "https://[" }),
        await rig.call({ body: "{not json" }),
        await rig.call({ headers: [["content-type", "application/json; charset=nonsense"]] }),
        await rig.call({ method: "GET", answer: lost }),
        await rig.call({ answer: lost }),
        await rig.call({ method: "PATCH", body: "{}" }),
      ];
      const signs =
        /\n\s+at \S|Traceback|goroutine \d|node_modules|File "|\.(js|ts|mjs|py|go|php):\d|(\/(usr|home|root|srv|var|app|work|tmp)\/\w)/;
      for (const exchange of exchanges) {
        const found = signs.exec(exchange.reply.body.toString("latin1"))?.[0];
        exchange.want(
          found === undefined,
          `the reply does not hold ${JSON.stringify(found ?? "")}`,
        );
      }
    },
  },
  {
    id: "errors-lost-purchase",
    title: "a lost answer of a paid call is not a status that clients repeat",
    rule: "P-57",
    level: "MUST",
    faults: ["R28"],
    hint: "Once the request was sent, answer 500 (upstream_unknown): 502 would make the client buy again.",
    run: async (rig) => {
      for (const target of [
        "https://queue.fal.run/conformance/{m}",
        "https://fal.run/conformance/{m}",
      ]) {
        const exchange = await rig.call({ target, answer: lost });
        const { status } = exchange.reply;
        exchange.want(exchange.fal.length > 0, "the call reaches fal");
        exchange.want(status >= 500 && !retried.includes(status), "the caller is told 500");
        exchange.want(
          typeof errorObject(exchange).code === "string",
          "the error object has a code",
        );
      }
    },
  },
  {
    id: "errors-lost-purchase-get",
    title: "… nor when the run was a GET",
    rule: "P-57",
    level: "MUST",
    hint: "GET of fal.run runs a model; only GET of queue.fal.run/…/requests/… is free.",
    run: async (rig) => {
      const target = "https://fal.run/conformance/{m}?prompt=x";
      const exchange = await rig.call({ method: "GET", target, answer: lost });
      const { status } = exchange.reply;
      exchange.want(status >= 500 && !retried.includes(status), "the caller is told 500");
    },
  },
  {
    id: "errors-sent-once",
    title: "the proxy itself never sends a paid call twice",
    rule: "P-57",
    level: "MUST",
    hint: "Turn off the automatic retries of the HTTP client.",
    run: async (rig) => {
      for (const answer of [lost, { status: 503, body: "{}" }, { status: 429, body: "{}" }]) {
        const exchange = await rig.call({ answer });
        await soon(100);
        exchange.want(exchange.fal.length === 1, "fal receives the call once");
      }
    },
  },
  {
    id: "errors-lost-poll",
    title: "a lost answer of a free GET may be asked for again: 502",
    rule: "P-58",
    level: "SHOULD",
    faults: ["R28"],
    hint: "Status and result cost nothing: 502 upstream_unreachable lets the client retry.",
    run: async (rig) => {
      const target = "https://queue.fal.run/conformance/{m}/requests/r1/status";
      const exchange = await rig.call({ method: "GET", target, answer: lost });
      exchange.want([502, 504].includes(exchange.reply.status), "the caller is told 502 or 504");
    },
  },
  {
    id: "errors-no-upstream",
    title: "an upstream that cannot be reached is a 5xx error object",
    rule: "P-58",
    level: "MUST",
    profile: "no-upstream",
    hint: "Catch the connection error of the HTTP client.",
    run: async (rig) => {
      for (const call of [{}, { method: "GET" }]) {
        const exchange = await rig.call(call);
        exchange.want(exchange.reply.status >= 500, "the caller is told 5xx");
        exchange.want(
          typeof errorObject(exchange).code === "string",
          "the error object has a code",
        );
      }
    },
  },
  {
    id: "errors-no-upstream-status",
    title: "… namely 502, since nothing was bought",
    rule: "P-58",
    level: "SHOULD",
    faults: ["R28"],
    profile: "no-upstream",
    hint: "A connection that was refused sent nothing, so the client may try again.",
    run: async (rig) => {
      for (const call of [{}, { method: "GET" }]) {
        const exchange = await rig.call(call);
        exchange.want(exchange.reply.status === 502, "the caller is told 502");
        exchange.want(
          errorObject(exchange).code === "upstream_unreachable",
          "code is upstream_unreachable",
        );
      }
    },
  },
  {
    id: "errors-of-fal",
    title: "error bodies of fal pass unchanged",
    rule: "P-59",
    level: "MUST",
    hint: "Do not wrap or replace them: clients read the fields of detail.",
    run: async (rig) => {
      const body =
        '{"detail": [{"loc":["body","prompt"],"msg":"field required","type":"value_error.missing"}]}';
      const headers: Array<[string, string]> = [
        ["content-type", "application/json"],
        ["x-fal-error-type", "validation"],
      ];
      const exchange = await rig.call({ answer: { status: 422, headers, body } });
      relayed(exchange, 422);
      exchange.want(exchange.reply.body.toString() === body, "the caller receives fal's body");
    },
  },
]);
