/** Saboteurs of the topic http2. */
import { refuse, type Behaviour } from "../reference/behaviour.ts";
import { relays, wiring, type Sabotages } from "./sabotage.ts";

type Headers = Array<[string, string]>;

/** Reply headers, changed where the server speaks HTTP/2. */
const overHttp2 = (
  change: (headers: Headers, all: (name: string) => string[]) => Headers,
): ((b: Behaviour) => Partial<Behaviour>) =>
  relays((headers, raw, { config }) =>
    config.profile === "http2"
      ? change(headers, (wanted) =>
          raw.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value),
        )
      : headers,
  );

export const http2Sabotages: Sabotages = {
  "http2-call": {
    change: overHttp2((headers) => headers.filter(([, value]) => !value.startsWith("11111111"))),
  },
  "http2-streamed": {
    change: overHttp2((headers) =>
      headers.some(([, value]) => value === "text/event-stream")
        ? [...headers, ["content-length", "5"]]
        : headers,
    ),
  },
  "http2-refusal": {
    change: (b) => ({
      parseTarget: (text) =>
        text.endsWith("/h2") && text.includes("evil.example")
          ? refuse(503, "target_not_allowed", "no")
          : b.parseTarget(text),
    }),
  },
  "http2-repeated-field": {
    change: overHttp2((headers, all) =>
      headers.map(([name, value]) => [
        name,
        name === "content-type" ? all(name).join(", ") : value,
      ]),
    ),
  },
  "http2-repeated-target": {
    change: (b) => ({
      oneTarget: (values) => b.oneTarget(values[0]?.endsWith("/h2") ? values.slice(0, 1) : values),
    }),
  },
  "http2-status-unknown": {
    change: (b) => ({
      fitStatus: (status) => status === 950 || b.fitStatus(status),
      status: (status) => (status === 950 ? 200 : status),
    }),
  },
  "http2-short-body": { change: wiring({ http2Cut: "no error with length" }) },
  "http2-broken-stream": { change: wiring({ http2Cut: "no error without length" }) },
};
