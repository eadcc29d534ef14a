/** Rules P-34 to P-39: what a caller sends arrives at fal byte for byte, or not at all. */
import { createHash, randomBytes } from "node:crypto";
import type { RecordedRequest } from "fal-emulator";
import type { Case } from "../case.ts";
import type { Call, Rig } from "../rig.ts";
import { inTopic, eventually, relayed } from "../wants.ts";

const hashOf = (bytes: string | Uint8Array): string =>
  createHash("sha256").update(bytes).digest("hex");

async function unchanged(rig: Rig, body: string | Uint8Array, call: Call = {}): Promise<void> {
  const target = "https://queue.fal.run/conformance/{m}";
  const exchange = await rig.call({ target, ...call, body });
  const request = relayed(exchange);
  await eventually(() => request.bodyComplete, 1000);
  exchange.want(
    request.bodyHash === hashOf(body),
    `fal receives the ${Buffer.byteLength(body)} bytes of the body unchanged`,
  );
}

const megabyte = 1024 * 1024;

/** A JSON text of exactly this many bytes, as a data URI makes it. */
function largeJson(bytes: number): string {
  const frame = '{"image_url":"data:image/png;base64,"}';
  return frame.slice(0, -2) + "A".repeat(bytes - frame.length) + '"}';
}

export const bodyCases: Case[] = inTopic("bodies", [
  {
    id: "bodies-json",
    title: "JSON keeps its white space, repeated keys and large integers",
    rule: "P-34",
    level: "MUST",
    faults: ["R30"],
    hint: "Relay the bytes: do not parse the body and write it again.",
    run: (rig) =>
      unchanged(
        rig,
        '{ "seed": 12345678901234567890, "a": 1,\n\t"a": 2, "e": 1.0, "u": "\\u00e9 é", "n": -0 }\r\n',
      ),
  },
  {
    id: "bodies-not-json",
    title: "a body that is no JSON passes, whatever its content type says",
    rule: "P-34",
    level: "MUST",
    faults: ["R30"],
    hint: "It is for fal to judge the input: remove the JSON body parser in front of the proxy.",
    run: async (rig) => {
      await unchanged(rig, "{not json");
      await unchanged(rig, '"a string"');
      await unchanged(rig, "12345678901234567890");
    },
  },
  {
    id: "bodies-binary",
    title: "binary bodies pass unchanged",
    rule: "P-34",
    level: "MUST",
    faults: ["R8"],
    hint: "Do not decode the body as text.",
    run: async (rig) => {
      const bytes = Buffer.concat([Buffer.from([0, 255, 254, 128, 13, 10]), randomBytes(70_000)]);
      await unchanged(rig, bytes, { headers: [["content-type", "application/octet-stream"]] });
    },
  },
  {
    id: "bodies-multipart",
    title: "multipart bodies pass unchanged",
    rule: "P-34",
    level: "MUST",
    faults: ["R8"],
    hint: "Read the raw body; a form parser consumes it.",
    run: async (rig) => {
      const part = (head: string, bytes: Uint8Array): Buffer =>
        Buffer.concat([Buffer.from(`--edge\r\n${head}\r\n\r\n`), bytes, Buffer.from("\r\n")]);
      const body = Buffer.concat([
        part('content-disposition: form-data; name="prompt"', Buffer.from("a cat")),
        part(
          'content-disposition: form-data; name="file"; filename="a.bin"\r\ncontent-type: application/octet-stream',
          randomBytes(5000),
        ),
        Buffer.from("--edge--\r\n"),
      ]);
      await unchanged(rig, body, {
        headers: [["content-type", "multipart/form-data; boundary=edge"]],
      });
    },
  },
  {
    id: "bodies-form",
    title: "form and text bodies pass unchanged",
    rule: "P-34",
    level: "MUST",
    faults: ["R8"],
    hint: "Take the raw body for every content type.",
    run: async (rig) => {
      const form = [["content-type", "application/x-www-form-urlencoded"]] as const;
      await unchanged(rig, "a=1&a=2&b=%20+c&d", { headers: form });
      await unchanged(rig, "plain text é\r\n", { headers: [["content-type", "text/plain"]] });
    },
  },
  {
    id: "bodies-chunked",
    title: "a body sent in chunks of unknown number arrives whole",
    rule: "P-34",
    level: "MUST",
    hint: "Some servers give no body when content-length is absent: read transfer-encoding: chunked too.",
    run: async (rig) => {
      const pieces = ['{"prompt":', '"a long ', 'cat"}'];
      const rawBody = [
        ...pieces.flatMap((text) => [`${text.length.toString(16)}\r\n${text}\r\n`, 20]),
        "0\r\n\r\n",
      ];
      const exchange = await rig.call({ headers: [["transfer-encoding", "chunked"]], rawBody });
      const request = relayed(exchange);
      const whole = Buffer.from(request.body).toString() === pieces.join("");
      exchange.want(whole, "fal receives the pieces put together, without the chunk sizes");
    },
  },
  {
    id: "bodies-empty-post",
    title: "POST without a body is relayed without one",
    rule: "P-35",
    level: "MUST",
    hint: "Do not parse JSON that is not there, and do not send `{}` or `undefined` in its place.",
    run: (rig) => unchanged(rig, ""),
  },
  {
    id: "bodies-empty-put",
    title: "PUT without a body, as cancel is sent, is relayed without one",
    rule: "P-35",
    level: "MUST",
    faults: ["R9"],
    hint: "The content type says JSON here too, and there is nothing to parse.",
    run: (rig) =>
      unchanged(rig, "", {
        method: "PUT",
        target: "https://queue.fal.run/conformance/{m}/requests/r1/cancel",
      }),
  },
  {
    id: "bodies-no-length-put",
    title: "PUT with neither body nor content-length is relayed",
    rule: "P-35",
    level: "MUST",
    faults: ["R9"],
    hint: "Some clients send no content-length for an empty body: do not wait for one.",
    run: async (rig) => {
      const exchange = await rig.call({
        method: "PUT",
        target: "https://queue.fal.run/conformance/{m}/requests/r1/cancel",
        headers: [["content-length", null]],
      });
      exchange.want(relayed(exchange).bodyLength === 0, "fal receives no body");
    },
  },
  {
    id: "bodies-5-mb",
    title: "a body of 5 MB passes",
    rule: "P-36",
    level: "MUST",
    faults: ["R31"],
    hint: "Raise the body limit of the framework or of the server in front.",
    run: (rig) => unchanged(rig, largeJson(5 * megabyte), { patienceMs: 10_000 }),
  },
  {
    id: "bodies-50-mb",
    title: "a body of 50 MB passes",
    rule: "P-36",
    level: "SHOULD",
    faults: ["R31"],
    alone: true,
    hint: "fal's page promises 50 MB: raise the limit, and stream rather than hold.",
    run: (rig) => unchanged(rig, largeJson(50_000_000), { patienceMs: 20_000 }),
  },
  {
    id: "bodies-broken-off",
    title: "a body that breaks off never reaches fal as a whole one",
    rule: "P-38",
    level: "MUST",
    hint: "Read to the announced length, or pass the break on: never end the upstream request as if it were complete.",
    run: async (rig) => {
      const leave = { onOpen: (control: { leave(): void }) => void setTimeout(control.leave, 150) };
      for (const call of [
        { headers: [["content-length", "1000"]] as const, rawBody: ['{"prompt":"half'] },
        {
          headers: [["transfer-encoding", "chunked"]] as const,
          rawBody: ['f\r\n{"prompt":"half\r\n'],
        },
      ]) {
        const exchange = await rig.call({ ...call, ...leave });
        const isWhole = (): boolean => exchange.fal.some((request) => request.bodyComplete);
        const whole = await eventually(isWhole, 500);
        exchange.want(!whole, "fal receives no complete request");
      }
    },
  },
  {
    id: "bodies-streamed",
    title: "the first part of a body reaches fal while the rest is still to come",
    rule: "P-39",
    level: "SHOULD",
    hint: "Hand the request's stream to the HTTP client instead of reading it whole.",
    run: async (rig) => {
      let early = false;
      const hasPart = (fal: readonly RecordedRequest[]): boolean => (fal[0]?.bodyLength ?? 0) > 0;
      const length = 2 * 200_000;
      const half = Buffer.alloc(length / 2, "a");
      const exchange = await rig.call({
        headers: [
          ["content-length", String(length)],
          ["content-type", "application/octet-stream"],
        ],
        rawBody: [half],
        // The rest waits for fal to see a part: a proxy that reads bodies whole makes it wait in vain.
        onOpen: (control, side) => {
          void eventually(() => hasPart(side.fal), 4000).then((seen) => {
            early = seen;
            control.send(half);
          });
        },
        patienceMs: 20_000,
      });
      const request = relayed(exchange);
      exchange.want(request.bodyLength === length, `fal receives all ${length} bytes`);
      exchange.want(early, "fal has received a part before the caller sends the rest");
    },
  },
  {
    id: "bodies-parsed",
    title: "behind a JSON body parser the same values arrive",
    rule: "P-34",
    level: "MUST",
    faults: ["R8"],
    profile: "parsed",
    hint: "When a parser has consumed the stream, write its result again rather than sending nothing.",
    run: async (rig) => {
      const body = '{"prompt":"a cat é","list":[1,2.5,null],"deep":{"x":true},"marker":"{m}"}';
      const exchange = await rig.call({ body });
      const request = relayed(exchange);
      const text = Buffer.from(request.body).toString();
      const wanted = JSON.stringify(JSON.parse(body.replace("{m}", exchange.marker)));
      let got = "";
      try {
        got = JSON.stringify(JSON.parse(text));
      } catch {
        got = text;
      }
      exchange.want(got === wanted, `fal receives ${wanted}`);
    },
  },
  {
    id: "bodies-parsed-empty",
    title: "behind a JSON body parser an empty body stays empty",
    rule: "P-35",
    level: "MUST",
    faults: ["R9"],
    profile: "parsed",
    hint: "Parsers leave `{}` or undefined for an empty body: look at content-length before writing it.",
    run: async (rig) => {
      const target = "https://queue.fal.run/conformance/{m}/requests/r1/cancel";
      const exchange = await rig.call({ method: "PUT", target });
      exchange.want(relayed(exchange).bodyLength === 0, "fal receives no body");
    },
  },
]);
