/** Which call of fal's a request is, as far as cassettes care. */
import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { appLength } from "../endpoint.ts";
import type { Exchange } from "../exchange.ts";
import { partOf } from "../hosts.ts";

/** What a request means. */
export type CallKind =
  | { readonly kind: "files" }
  | { readonly kind: "submit" | "call"; readonly name: string }
  | {
      readonly kind: "status" | "statusStream" | "result" | "cancel";
      readonly requestId: string;
    };

/** @returns undefined for a host that is not fal's */
export function classify({ method, host, segments }: Exchange): CallKind | undefined {
  const part = partOf(host);
  if (part === undefined) return undefined;
  if (part === "fal.media" || (part === "rest.fal.ai" && segments[0] === "storage")) {
    return { kind: "files" };
  }
  const name = [part, ...segments].join("/");
  if (part !== "queue.fal.run") return { kind: "call", name };
  const at = segments.lastIndexOf("requests");
  if (at < appLength(segments) || at === segments.length - 1) return { kind: "submit", name };
  const requestId = segments[at + 1] as string;
  const action = segments.slice(at + 2).join("/");
  if (action === "status") return { kind: "status", requestId };
  if (action === "status/stream") return { kind: "statusStream", requestId };
  if (action === "cancel" && method === "PUT") return { kind: "cancel", requestId };
  return { kind: "result", requestId };
}

/** The body of a request as a value: JSON, text, the hash of other bytes, or undefined for none. */
export function inputOf(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined || bytes.length === 0) return undefined;
  if (!isUtf8(bytes)) return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  const text = Buffer.from(bytes).toString();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
