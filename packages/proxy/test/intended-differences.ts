/** Every difference from the published 1.2.1 that we mean, with the row of the fault that it mends. */
import type { Intended } from "./differential/intent.ts";

const reached = { "fal requests": ["0", "1"] } as const;
const stopped = { "fal requests": ["1", "0"] } as const;
const made = '{"made":true}';
const invalid = '"Invalid request"';
const key = /^Key [\w-]+:\w+$/;
const refusal = (code: string): RegExp =>
  new RegExp(`^\\{"message":".+","detail":".+","code":"${code}"\\}$`);

const refusedByBoth = [
  "no-target",
  "empty-target",
  "other-host",
  "platform-api",
  "token",
  "unlisted",
];
const refusedByTheirs = ["upload-multipart", "listed-stream", "signed-in", "undefined-auth"];

// Express writes them around every answer of the published package's own.
const expressJson = {
  "reply header content-type": ["application/json; charset=utf-8", "application/json"],
  "reply header etag": [/^W\//, null],
} as const;
// Hono's answer to an exception in a handler.
const exception = {
  "reply status": ["500", /^(20.|40.)$/],
  "reply header content-type": ["text/plain; charset=UTF-8", "application/json"],
} as const;

export const intendedDifferences: readonly Intended[] = [
  // Every reply.
  {
    row: "R22",
    why: "no cache may hand one target's answer to another",
    changes: {
      "reply header cache-control": [/^(public, max-age=60)?$/, "no-store, no-transform"],
      "reply header vary": [/^(accept)?$/, "x-fal-target-url"],
    },
  },
  {
    row: "R22",
    why: "fal's validators belong to another URL",
    requests: ["fal-caching"],
    changes: { "reply header etag": ['"1"', null] },
  },
  {
    why: "fal's bodies are not sniffed for HTML on the app's origin",
    changes: { "reply header x-content-type-options": [null, "nosniff"] },
  },
  {
    why: "what a model returns runs nothing on the app's origin, and is embedded nowhere else",
    changes: {
      "reply header content-security-policy": [
        /^(default-src 'none')?$/,
        "sandbox; default-src 'none'",
      ],
      "reply header cross-origin-resource-policy": [null, "same-origin"],
    },
  },
  {
    row: "R15",
    why: "what fal says of its connection is not said of ours",
    changes: {
      "reply header connection": ["keep-alive", "close"],
      "reply header keep-alive": [/^timeout=/, null],
    },
  },
  {
    row: "R24",
    why: "fal does not speak for the app's origin",
    requests: ["fal-cookies"],
    changes: {
      "reply header set-cookie": ["fal=1", null],
      "reply header strict-transport-security": ["max-age=9", null],
      "reply header alt-svc": ["h3", null],
      "reply header server": ["fal", null],
    },
  },
  {
    row: "R24",
    why: "fal does not say who may read the app's answers",
    changes: {
      "reply header access-control-allow-origin": ["*", null],
      "reply header access-control-allow-credentials": ["true", null],
      "reply header access-control-expose-headers": ["*", null],
    },
  },
  {
    why: "a reply of known length says its length",
    framework: "express",
    changes: {
      "reply header content-length": [null, /^\d+$/],
      "reply header transfer-encoding": ["chunked", null],
    },
  },

  // Every call to fal.
  {
    row: "R28",
    why: "a caller without user-agent has none",
    changes: { "fal header user-agent": ["undefined", null] },
  },
  {
    why: "fal receives the caller's headers, not those of a fetch implementation",
    changes: {
      "fal header accept-language": ["*", null],
      "fal header sec-fetch-mode": ["cors", null],
    },
  },
  {
    why: "fal compresses for those who ask for it",
    changes: { "fal header accept-encoding": ["gzip, deflate", /^(gzip)?$/] },
  },
  {
    row: "R15",
    why: "the target header stays here",
    framework: "express",
    changes: { "fal header x-fal-target-url": [/^http/, null] },
  },

  // Replies of fal.
  {
    row: "R1",
    why: "the caller receives fal's status",
    framework: "express",
    requests: [
      "status",
      "cancel",
      "fal-202",
      "fal-400",
      "fal-404",
      "fal-422",
      "fal-500",
      "fal-504",
    ],
    changes: { "reply status": ["200", /^(202|400|404|422|500|504)$/] },
  },
  {
    row: "R10",
    why: "a compressed reply passes as it is",
    framework: "express",
    requests: ["fal-gzip"],
    changes: {
      "reply header content-encoding": [null, "gzip"],
      "reply body": [/^\{"text":"a+"\}$/, /^base64 H4sI/],
    },
  },
  {
    row: "R10",
    why: "a compressed reply can be read",
    framework: "hono",
    requests: ["fal-gzip"],
    changes: { "reply status": ["broken connection", "200"] },
  },
  {
    row: "R1",
    why: "a reply without a body does not end the process",
    framework: "express",
    requests: ["fal-empty"],
    changes: { "reply status": ["broken connection", "204"] },
  },
  {
    row: "R23",
    why: "half a body does not look whole",
    framework: "express",
    requests: ["fal-cut"],
    changes: { "reply looks whole": ["true", "false"] },
  },
  {
    row: "R23",
    why: "a small reply is there whole, or an error that clients do not retry",
    framework: "hono",
    requests: ["fal-cut"],
    changes: {
      "reply status": ["200", "500"],
      "reply header content-type": ["application/octet-stream", "application/json"],
      "reply body": [/^x{1000}$/, refusal("upstream_unknown")],
      "reply looks whole": ["false", "true"],
    },
  },
  {
    row: "R25",
    why: "a proxy in front does not collect a stream",
    requests: ["stream"],
    changes: { "reply header x-accel-buffering": [null, "no"] },
  },

  // Bodies and headers of the caller.
  {
    row: "R8",
    why: "the caller's accept reaches fal",
    requests: ["stream"],
    changes: { "fal header accept": ["application/json", "text/event-stream"] },
  },
  {
    row: "R8",
    why: "bodies that are not JSON reach fal, under their own type",
    framework: "express",
    requests: ["text-body", "binary-body", "form-body"],
    changes: {
      "fal header content-type": ["application/json", /^(text|application\/octet|multipart)/],
      "fal body": ["{}", /^(a cat$|base64 AAEC|--b\r\n)/],
    },
  },
  {
    row: "R8",
    why: "a call without a body has none",
    framework: "express",
    requests: ["cancel", "empty-body", "delete"],
    changes: { "fal body": ["{}", ""] },
  },
  {
    row: "R8",
    why: "fal judges what is JSON",
    framework: "express",
    requests: ["broken-json"],
    changes: {
      ...reached,
      "reply status": ["400", "200"],
      "reply header content-type": [/^text\/html/, "application/json"],
      // The page shows paths of the server: R35.
      "reply body": [/SyntaxError.*node_modules/s, made],
    },
  },
  {
    row: "R8",
    why: "bodies that are not JSON pass",
    framework: "hono",
    requests: ["text-body", "binary-body", "form-body", "broken-json", "empty-body"],
    changes: { ...exception, ...reached, "reply body": ["Internal Server Error", made] },
  },
  {
    row: "R9",
    why: "calls without a body pass",
    framework: "hono",
    requests: ["cancel", "delete"],
    changes: {
      ...exception,
      ...reached,
      "reply body": [
        "Internal Server Error",
        /^\{("made":true|"status":"CANCELLATION_REQUESTED")\}$/,
      ],
    },
  },
  {
    row: "R9",
    why: "x-fal-* headers reach fal",
    framework: "hono",
    requests: ["fal-headers"],
    changes: {
      "fal header x-fal-queue-priority": [null, "low"],
      "fal header x-fal-store-io": [null, "0"],
    },
  },
  {
    why: "so do those meant for the app behind fal",
    requests: ["fal-headers"],
    changes: { "fal header x-app-fal-disable-fallback": [null, "true"] },
  },
  {
    row: "R30",
    why: "JSON is not written anew",
    requests: ["exact-json"],
    changes: {
      "fal body": ['{"seed":1}', '{ "seed": 12345678901234567890, "seed": 1.0 }'],
    },
  },
  {
    row: "R6",
    why: "the app's session stays here",
    requests: ["app-session"],
    changes: { "fal header authorization": ["Bearer session", key] },
  },

  // Methods and targets.
  {
    row: "R28",
    why: "HEAD is refused and does not end the process",
    framework: "express",
    requests: ["head"],
    changes: { "reply status": ["broken connection", "405"] },
  },
  {
    row: "R28",
    why: "HEAD is refused",
    framework: "hono",
    requests: ["head"],
    changes: { ...exception, "reply header allow": [null, "GET, POST, PUT, DELETE"] },
  },
  {
    row: "R16",
    why: "an upload above 90 MB can start",
    requests: ["upload-multipart"],
    changes: { ...reached, "reply status": ["400", "200"], "reply body": [invalid, made] },
  },
  {
    why: "clients complete an upload with fal directly",
    requests: ["upload-complete"],
    changes: {
      ...stopped,
      "reply status": ["200", "400"],
      "reply body": [made, refusal("target_not_allowed")],
    },
  },
  {
    row: "R18",
    why: "a refusal says what is wrong",
    requests: refusedByBoth,
    changes: {
      "reply body": [invalid, refusal("(invalid_target|target_not_allowed|endpoint_not_allowed)")],
    },
  },
  {
    why: "Express does not write our JSON",
    framework: "express",
    requests: [...refusedByBoth, ...refusedByTheirs],
    changes: expressJson,
  },
  {
    row: "R3",
    why: "the key does not travel in clear",
    requests: ["http-target"],
    changes: {
      ...stopped,
      "reply status": ["200", "400"],
      "reply body": [made, refusal("invalid_target")],
    },
  },
  {
    row: "R32",
    why: "a target that two parsers read differently is refused",
    requests: ["user-target", "encoded-path"],
    changes: {
      ...stopped,
      "reply status": ["200", "400"],
      "reply body": [made, refusal("invalid_target")],
    },
  },
  {
    row: "R2",
    why: "a malformed target does not end the process",
    framework: "express",
    requests: ["target-no-url"],
    changes: { "reply status": ["broken connection", "400"] },
  },
  {
    row: "R2",
    why: "a malformed target is the caller's mistake",
    framework: "hono",
    requests: ["target-no-url"],
    changes: { ...exception, "reply body": ["Internal Server Error", refusal("invalid_target")] },
  },

  // Options.
  {
    row: "R4",
    why: "a locked proxy is locked to those who send nothing",
    requests: ["locked-anonymous"],
    changes: {
      ...stopped,
      "reply status": ["200", "401"],
      "reply body": [made, refusal("unauthenticated")],
    },
  },
  {
    row: "R19",
    why: "an invented header is no sign-in",
    requests: ["locked-session"],
    changes: {
      ...stopped,
      "reply status": ["200", "401"],
      "reply body": [made, refusal("unauthenticated")],
    },
  },
  {
    row: "R20",
    why: "isAuthenticated decides",
    requests: ["signed-out"],
    changes: {
      ...stopped,
      "reply status": ["200", "401"],
      "reply body": [made, refusal("unauthenticated")],
    },
  },
  {
    row: "R29",
    why: "getHeader takes any case",
    framework: "express",
    requests: ["signed-in"],
    changes: { ...reached, "reply status": ["401", "200"], "reply body": ['"Unauthorized"', made] },
  },
  {
    row: "R5",
    why: "the list of endpoints judges GET too",
    requests: ["unlisted-get"],
    changes: {
      ...stopped,
      "reply status": ["200", "400"],
      "reply body": [made, refusal("endpoint_not_allowed")],
    },
  },
  {
    row: "R26",
    why: "a listed endpoint includes its stream",
    requests: ["listed-stream"],
    changes: { ...reached, "reply status": ["400", "200"], "reply body": [invalid, made] },
  },
  {
    row: "R7",
    why: "FAL_KEY_ID and FAL_KEY_SECRET are the key",
    requests: ["key-pair"],
    changes: { "fal header authorization": ["Key undefined", key] },
  },
  {
    row: "R7",
    why: "no key is a clear refusal",
    requests: ["no-key"],
    changes: {
      ...stopped,
      "reply status": ["200", "500"],
      "reply body": [made, refusal("no_credentials")],
    },
  },
  {
    row: "R7",
    why: "resolveApiKeyFromEnv as resolveFalAuth keeps the scheme",
    requests: ["env-auth"],
    changes: { "fal header authorization": [/^[\w-]+:\w+$/, key] },
  },
  {
    row: "R33",
    why: "a key that was pasted wrongly is repaired",
    requests: ["quoted-key", "prefixed-key"],
    changes: { "fal header authorization": [/^Key (Key |")/, key] },
  },
  {
    row: "R21",
    why: "resolveFalAuth answering nothing is a refusal",
    framework: "hono",
    requests: ["undefined-auth"],
    changes: {
      ...stopped,
      "reply status": ["200", "500"],
      "reply body": [made, refusal("no_credentials")],
    },
  },
  {
    row: "R21",
    why: "resolveFalAuth answering nothing is the operator's trouble",
    framework: "express",
    requests: ["undefined-auth"],
    changes: {
      "reply status": ["401", "500"],
      "reply body": ['"Unauthorized"', refusal("no_credentials")],
    },
  },
];
