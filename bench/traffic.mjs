// What travels in every measurement: the requests of a browser with fal's client, and fal's answers to them.

/** Accepted by the stand-in of fal; a request that arrives without it is answered with 401. */
export const KEY = "bench:0123456789abcdef";

/** Where every relay is mounted. */
export const ROUTE = "/api/fal/proxy";

/** The length of the large body, in bytes. */
export const HUGE = 500_000_000;

/** Between the first event of a stream and its end, in ms: a relay that collects shows here. */
export const STREAM_MS = 10;

const JOB = "6f2b1c8e-44b6-4c1e-9f3a-0d5f7a1b2c3d";
const QUEUE = `https://queue.fal.run/fal-ai/flux/requests/${JOB}`;

/** The body of the POST: 0.4 KB. */
const INPUT = JSON.stringify({
  prompt:
    "A lighthouse on a basalt cliff at dusk, long exposure, the sea below like fog, one window " +
    "lit, a path of wet stones leading up to the door, seen from a boat, muted colours, film grain",
  negative_prompt: "people, text, watermark, frame",
  image_size: { width: 1024, height: 768 },
  num_inference_steps: 28,
  guidance_scale: 3.5,
  num_images: 1,
  seed: 4269016,
  enable_safety_checker: true,
  output_format: "jpeg",
  sync_mode: false,
});

/** Each kind of request: its method, the fal URL that it names, its body. */
const KINDS = {
  post: { method: "POST", target: "https://queue.fal.run/fal-ai/flux/dev", body: INPUT },
  get: { method: "GET", target: `${QUEUE}/status?logs=1`, body: "" },
  stream: { method: "POST", target: "https://fal.run/fal-ai/any-llm/stream", body: INPUT },
  silent: { method: "POST", target: "https://fal.run/fal-ai/any-llm/silent", body: INPUT },
  huge: { method: "GET", target: "https://fal.run/fal-ai/huge/file", body: "" },
};

// What Chromium adds to a same-origin fetch.
const BROWSER = [
  "user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36",
  'sec-ch-ua: "Chromium";v="143", "Not A(Brand";v="24"',
  "sec-ch-ua-mobile: ?0",
  'sec-ch-ua-platform: "Linux"',
  "accept-language: en-US,en;q=0.9",
  "accept-encoding: gzip, deflate, br, zstd",
  "sec-fetch-site: same-origin",
  "sec-fetch-mode: cors",
  "sec-fetch-dest: empty",
  "cookie: session=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJl",
];

/**
 * One request as bytes. `direct` names the path to send it to without a proxy, with the key.
 *
 * @param {keyof typeof KINDS} kind
 * @param {number} port
 * @param {{ route?: string, direct?: boolean, close?: boolean }} [how]
 */
export function requestBytes(kind, port, { route = ROUTE, direct = false, close = false } = {}) {
  const { method, target, body } = KINDS[kind];
  const lines = [
    `${method} ${direct ? target.replace("https:/", "") : route} HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    `connection: ${close ? "close" : "keep-alive"}`,
    ...(body === "" ? [] : [`content-length: ${body.length}`, `origin: http://127.0.0.1:${port}`]),
    ...BROWSER,
    "accept: application/json",
    "content-type: application/json",
    direct ? `authorization: Key ${KEY}` : `x-fal-target-url: ${target}`,
  ];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

const FROM_FAL = [
  "date: Mon, 23 Nov 2026 12:00:00 GMT",
  "server: uvicorn",
  "access-control-allow-origin: *",
  "access-control-allow-headers: *",
  `x-fal-request-id: ${JOB}`,
  "x-fal-billable-units: 1",
  "strict-transport-security: max-age=31536000",
  "connection: keep-alive",
];

function reply(status, headers, body = "") {
  return `HTTP/1.1 ${status}\r\n${[...headers, ...FROM_FAL].join("\r\n")}\r\n\r\n${body}`;
}

function json(status, value) {
  const body = JSON.stringify(value);
  return reply(status, ["content-type: application/json", `content-length: ${body.length}`], body);
}

const submitted = {
  status: "IN_QUEUE",
  request_id: JOB,
  response_url: QUEUE,
  status_url: `${QUEUE}/status`,
  cancel_url: `${QUEUE}/cancel`,
  queue_position: 0,
};

/** fal's answers as bytes; `stream` and `huge` are heads, whose bodies follow. */
export const REPLIES = {
  unauthorised: json("401 Unauthorized", { detail: "No user found for Key ID and Secret" }),
  post: json("200 OK", submitted),
  get: json("202 Accepted", { ...submitted, status: "IN_PROGRESS", logs: [] }),
  stream: reply("200 OK", ["content-type: text/event-stream", "transfer-encoding: chunked"]),
  huge: reply("200 OK", ["content-type: application/octet-stream", `content-length: ${HUGE}`]),
};

/** The plain answer of a contestant that asks nobody. */
export const SUBMITTED = JSON.stringify(submitted);
