/** Saboteurs of the topics errors, limits, queue, storage, tokens, webhooks, cors and smuggling. */
import { refuse, type Behaviour, type Config } from "../reference/behaviour.ts";
import { allowsHost, answers, forwards, relays, wiring, type Sabotages } from "./sabotage.ts";

const framing = { scope: ["smuggling", "auth", "cors"] } as const;

const configured =
  (change: (config: Config) => Partial<Config>) =>
  (b: Behaviour): Partial<Behaviour> => ({
    configure: (config) => ({ ...b.configure(config), ...change(config) }),
  });

const ofProfile = (
  profile: string,
  changes: Partial<Config>,
): ((b: Behaviour) => Partial<Behaviour>) =>
  configured((config) => (config.profile === profile ? changes : {}));

/** Token calls with this text in their body are let through. */
const grants =
  (text: string) =>
  (b: Behaviour): Partial<Behaviour> => ({
    tokenRefusal: (body, list) => (body.includes(text) ? undefined : b.tokenRefusal(body, list)),
  });

type Judge = Behaviour["originRefusal"];

const lets =
  (judge: (correct: Judge) => Judge) =>
  (b: Behaviour): Partial<Behaviour> => ({ originRefusal: judge(b.originRefusal) });

export const restSabotages: Sabotages = {
  "errors-object": {
    change: answers(({ code, message }) =>
      code === "no_credentials" ? {} : { text: JSON.stringify({ detail: message, code }) },
    ),
    also: ["queue-refusal"],
  },
  "errors-content-type": {
    change: answers(() => ({ type: "text/plain" })),
    also: ["queue-refusal"],
  },
  "errors-codes": {
    change: answers(({ code, message }) =>
      code === "target_not_allowed"
        ? { text: JSON.stringify({ message, detail: message, code: "no" }) }
        : {},
    ),
  },
  "errors-endpoint-code": {
    change: answers(({ code, message }) =>
      code === "endpoint_not_allowed"
        ? { text: JSON.stringify({ message, detail: message, code: "no" }) }
        : {},
    ),
  },
  "errors-not-retried": {
    change: (b) => ({
      parseTarget: (text) =>
        text.startsWith("https://user@fal.run/k")
          ? refuse(503, "invalid_target", "no")
          : b.parseTarget(text),
    }),
  },
  "errors-nothing-told": {
    change: answers(({ code }) =>
      code === "upstream_unknown"
        ? {
            text: '{"message":"at relay (/srv/app/proxy.js:7)","detail":"","code":"upstream_unknown"}',
          }
        : {},
    ),
  },
  "errors-lost-purchase": {
    change: (b) => ({ paid: (method, target) => method === "GET" && b.paid(method, target) }),
    also: [
      "limits-headers-purchase",
      "http2-status-unknown",
      "replies-status-interim",
      "replies-status-malformed",
      "replies-status-unknown",
      "replies-status-unread",
    ],
  },
  "errors-lost-purchase-get": { change: () => ({ paid: (method) => method !== "GET" }) },
  "errors-sent-once": {
    change: wiring({ retryOn: [503] }),
    also: ["replies-status-server-errors"],
  },
  "errors-lost-poll": {
    change: (b) => ({ lost: (paid, timedOut) => b.lost(paid || !timedOut, timedOut) }),
  },
  "errors-no-upstream": {
    change: () => ({ unreachable: () => refuse(404, "upstream_unreachable", "no") }),
    also: ["errors-no-upstream-status"],
  },
  "errors-no-upstream-status": {
    change: () => ({ unreachable: () => refuse(500, "upstream_unknown", "no") }),
  },
  "errors-of-fal": {
    change: wiring({
      changeReply: (chunk) => (chunk.includes('{"detail": [') ? Buffer.from("[]") : chunk),
      dropsLength: true,
    }),
  },

  "limits-body": {
    change: ofProfile("small-limits", { maxBodyBytes: 3 * 1024 * 1024 }),
    also: ["limits-body-chunked"],
  },
  "limits-body-chunked": { change: wiring({ limitChunked: false }) },
  "limits-body-at": { change: ofProfile("small-limits", { maxBodyBytes: 1024 * 1024 - 1 }) },
  "limits-headers-poll": {
    change: (b) => ({
      lost: (paid, timedOut) =>
        timedOut && !paid ? refuse(500, "upstream_unknown", "no") : b.lost(paid, timedOut),
    }),
  },
  "limits-headers-purchase": {
    change: (b) => ({
      lost: (paid, timedOut) =>
        timedOut && paid ? refuse(504, "upstream_timeout", "no") : b.lost(paid, timedOut),
    }),
  },
  "limits-idle": { change: ofProfile("small-limits", { idleMs: 60_000 }) },

  "queue-run": {
    change: relays((headers) =>
      headers.filter(([name, value]) => !(name === "x-fal-request-id" && value === "r1")),
    ),
    also: ["queue-subscribe", "queue-workflow"],
  },
  "queue-subscribe": {
    change: wiring({
      changeReply: (chunk) =>
        Buffer.from(
          chunk.toString("latin1").replace('{"status":"IN_PROGRESS"', '{"status":"IN_QUEUE"'),
          "latin1",
        ),
      dropsLength: true,
    }),
    also: ["queue-subscribe-streaming"],
  },
  "queue-subscribe-streaming": {
    change: (b) => ({
      rebuild: (target, raw) => ({
        ...b.rebuild(target, raw),
        path: target.path.replace(/r1\/status\/stream$/, "r1/status"),
      }),
    }),
    also: [],
  },
  "queue-stream": {
    change: wiring({
      changeReply: (chunk) =>
        chunk.includes('"step":2') && chunk.length === 18
          ? Buffer.from("data: nonsense....")
          : chunk,
    }),
  },
  "queue-submit": {
    change: (b) => ({
      rebuild: (target, raw) => ({
        ...b.rebuild(target, raw),
        query: target.query.replace(/\?fal_webhook=https%3A%2F%2Fhooks.example%2Ffal%3Fx%3D1$/, ""),
      }),
    }),
  },
  "queue-status-logs": {
    change: (b) => ({
      rebuild: (target, raw) => ({
        ...b.rebuild(target, raw),
        query: target.query.replace(/^\?logs=1$/, ""),
      }),
    }),
  },
  "queue-cancel": {
    change: wiring({
      changeMethod: (method, { path }) => (path.endsWith("/cancel") ? "POST" : method),
    }),
  },
  "queue-workflow": {
    change: (b) => ({
      rebuild: (target, raw) => ({
        ...b.rebuild(target, raw),
        path: target.path.replace(/^\/workflows\/(conformance\/k)/, "/$1"),
      }),
    }),
  },
  "queue-validation-error": {
    change: wiring({
      changeReply: (chunk) =>
        chunk.includes('"type":"missing"')
          ? Buffer.from(chunk.toString().replace("detail", "nothin"))
          : chunk,
    }),
  },
  "queue-refusal": {
    change: answers(({ code, message }) =>
      code === "endpoint_not_allowed"
        ? { text: JSON.stringify({ message: [message], detail: message, code }) }
        : {},
    ),
  },
  "queue-abort": { change: wiring({ abortBeforeAnswer: false }), also: ["aborts-before-answer"] },

  "storage-initiate": {
    change: (b) => ({
      hostAllowed: (target, method, config) =>
        b.hostAllowed(target, method, config) &&
        !(target.path.endsWith("/initiate") && target.query === ""),
    }),
  },
  "storage-initiate-old-host": {
    change: (b) => ({
      hostAllowed: (target, method, config) =>
        target.host !== "rest.alpha.fal.ai" && b.hostAllowed(target, method, config),
    }),
  },
  "storage-initiate-multipart": {
    change: (b) => ({
      hostAllowed: (target, method, config) =>
        !target.path.endsWith("multipart") && b.hostAllowed(target, method, config),
    }),
    also: ["storage-upload-multipart"],
  },
  "storage-upload": {
    change: wiring({
      changeReply: (chunk) =>
        chunk.includes('"upload_url"') && !chunk.includes("multipart") && chunk.includes(".bin")
          ? Buffer.from(chunk.toString().replace("/v3.", "/v4.").replace("/v3.", "/v4."))
          : chunk,
    }),
  },
  "storage-upload-multipart": {
    change: wiring({
      changeReply: (chunk) =>
        chunk.includes('"upload_url"') && chunk.includes("multipart")
          ? Buffer.from(chunk.toString().replace("multipart", "multiparty"))
          : chunk,
      dropsLength: true,
    }),
  },
  "storage-get": { change: allowsHost(({ path }) => path === "/storage/upload/initiate") },

  "tokens-off": {
    change: (b) =>
      configured((config) => (config.profile === "default" ? { tokens: true } : {}))(b),
  },
  "tokens-on": {
    change: (b) => ({
      hostAllowed: (target, method, config) =>
        target.path !== "/tokens/" && b.hostAllowed(target, method, config),
    }),
  },
  "tokens-realtime-path": {
    change: (b) => ({
      tokenRefusal: (body, list) =>
        body.includes("/realtime")
          ? refuse(400, "endpoint_not_allowed", "no")
          : b.tokenRefusal(body, list),
    }),
  },
  "tokens-judged": {
    change: (b) => ({
      tokenRefusal: (body, list) =>
        body.includes('"conformance/other"],"duration') ? undefined : b.tokenRefusal(body, list),
    }),
  },
  "tokens-plain-names": { change: grants('"conformance/exact/"') },
  "tokens-bare-names": { change: grants('["flux"]') },
  "tokens-unreadable": {
    change: (b) => ({
      tokenRefusal: (body, list) => (body.includes("[]") ? undefined : b.tokenRefusal(body, list)),
    }),
  },

  "webhooks-denied": {
    change: (b) => ({
      webhookRefusal: (target, allowed) =>
        target.query.includes("%5F") ? undefined : b.webhookRefusal(target, allowed),
    }),
    also: ["webhooks-host-refused"],
  },
  "webhooks-denied-others-pass": {
    change: (b) => ({
      webhookRefusal: (target, allowed) =>
        allowed?.length === 0 && target.query !== ""
          ? refuse(422, "input_not_allowed", "no")
          : b.webhookRefusal(target, allowed),
    }),
  },
  "webhooks-host-allowed": { change: ofProfile("webhooks-hosts", { webhooks: [] }) },
  "webhooks-host-refused": {
    change: ofProfile("webhooks-hosts", {
      webhooks: ["hooks.example", "hooks.example.evil.example"],
    }),
  },

  "webhooks-host-read-otherwise": {
    change: (b) => ({
      webhookRefusal: (target, allowed) =>
        target.query.includes("%5C%40evil") ? undefined : b.webhookRefusal(target, allowed),
    }),
  },

  "cors-default": {
    change: (b) => ({
      cors: (headers, config) =>
        config.origins.length === 0 && headers.origin
          ? {
              "access-control-allow-origin": headers.origin,
              "access-control-allow-credentials": "true",
            }
          : b.cors(headers, config),
    }),
  },
  "cors-preflight": {
    change: (b) => ({
      preflight: (headers, config) => {
        const allowed = b.preflight(headers, config);
        return allowed && { ...allowed, "access-control-allow-headers": "content-type" };
      },
    }),
  },
  "cors-preflight-vary": {
    change: (b) => ({
      cors: (headers, config) => ({ ...b.cors(headers, config), vary: "x-fal-target-url" }),
    }),
  },
  "cors-preflight-other-origin": {
    change: (b) => ({
      preflight: (headers, config) =>
        b.preflight(headers, config) ??
        (headers.origin === "null" && config.origins.length > 0
          ? { "access-control-allow-origin": "null" }
          : undefined),
    }),
  },
  "cors-reply": {
    change: (b) => ({
      cors: (headers, config) => {
        const { "access-control-expose-headers": _gone, ...rest } = b.cors(headers, config);
        return rest;
      },
    }),
  },
  "cors-refusal": { change: wiring({ noCorsOnErrors: true }) },
  "cors-other-origin": {
    change: (b) => ({
      cors: (headers, config) => ({
        ...b.cors(headers, config),
        ...(config.origins.length > 0 &&
        headers.origin === "https://evil.example" &&
        headers["access-control-request-method"] === undefined
          ? { "access-control-allow-credentials": "true" }
          : {}),
      }),
    }),
  },
  "ownership-own": {
    change: (b) => ({
      ownerRefusal: (target, user, jobs) =>
        target.path.endsWith("/cancel")
          ? refuse(404, "not_found", "no")
          : b.ownerRefusal(target, user, jobs),
    }),
  },
  "ownership-others": {
    change: (b) => ({
      ownerRefusal: (target, user, jobs) =>
        target.path.endsWith("/status/stream") ? undefined : b.ownerRefusal(target, user, jobs),
    }),
  },
  "ownership-unknown": {
    change: (b) => ({
      ownerRefusal: (target, user, jobs) => {
        const refusal = b.ownerRefusal(target, user, jobs);
        const isKnown = [...jobs.keys()].some((id) => target.path.includes(id));
        return refusal && isKnown ? { ...refusal, message: "It is not yours." } : refusal;
      },
    }),
  },
  "ownership-app": {
    change: (b) => ({
      ownerRefusal: (target, user, jobs) => {
        const path = target.path.replace("/another/", "/owned/");
        return b.ownerRefusal({ ...target, path }, user, jobs);
      },
    }),
  },

  "cors-fal-says-nothing": {
    change: wiring({ keepsFalCors: true }),
    also: ["cors-reply", "cors-refusal", "cors-other-origin", "cors-cross-site-allowed"],
  },

  "cors-cross-site": {
    change: lets(
      (correct) => (headers, config) =>
        headers["sec-fetch-mode"] === "no-cors" ? undefined : correct(headers, config),
    ),
  },
  "cors-cross-site-code": {
    change: answers(({ code }) =>
      code === "origin_not_allowed" ? { text: '{"message":"no","detail":"no","code":"oops"}' } : {},
    ),
  },
  "cors-same-site": {
    change: lets(
      (correct) => (headers, config) =>
        headers["sec-fetch-site"] === "same-site"
          ? refuse(403, "origin_not_allowed", "no")
          : correct(headers, config),
    ),
  },
  "cors-cross-site-allowed": {
    change: lets((correct) => (headers, config) => correct(headers, { ...config, origins: [] })),
  },
  "cors-cross-site-others": {
    change: lets(
      (correct) => (headers, config) =>
        config.origins.length > 0 && headers.origin === undefined
          ? undefined
          : correct(headers, config),
    ),
  },

  "smuggling-length-and-chunks": { front: { lengthBeatsChunks: true }, ...framing },
  "smuggling-two-lengths": { front: { firstLengthWins: true }, ...framing },
  "smuggling-broken-chunk": { front: { brokenChunkEnds: true }, ...framing },
  "smuggling-odd-coding": { front: { unknownCodingIsNone: true }, ...framing },
  "smuggling-body-is-body": {
    change: wiring({
      changeBody: (body, headers) => {
        if (headers["content-type"] !== "text/plain") return undefined;
        return body.subarray(0, 5).toString() === "POST " ? body.subarray(0, 40) : body;
      },
    }),
  },
  "smuggling-header-line": { front: { bareLineBreaks: true }, ...framing },
  "smuggling-target-line": {
    change: forwards((headers, raw) =>
      raw.some(([, value]) => value.includes("%0d%0ax-fal"))
        ? [...headers, ["x-fal-injected", "1"]]
        : headers,
    ),
  },
  "smuggling-trailers": { front: { trailersAreHeaders: true }, ...framing },
  "smuggling-pipelined": { front: { firstTargetForAll: true }, ...framing },
};
