/** Puts what went over the wire into words, for people who read a failure. */
import type { RecordedRequest } from "fal-emulator";
import type { Reply } from "./wire/reply.ts";

const shown = 300;

/** Text with its control characters visible, or a byte count when it is not text. */
export function excerpt(bytes: Uint8Array, length: number = bytes.length): string {
  if (length === 0) return "(no body)";
  const text = Buffer.from(bytes.subarray(0, shown)).toString("latin1");
  const readable = text.replace(/[\x20-\x7e\r\n\t]/g, "").length < text.length / 10;
  if (!readable) return `(${length} bytes, not text)`;
  const more = length > shown ? ` … (${length} bytes)` : "";
  return visible(text) + more;
}

function visible(text: string): string {
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\xff]/g, (c) => {
    return c === "\r" ? "" : `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}

export function describeSent(url: URL, parts: ReadonlyArray<string | Uint8Array | number>): string {
  const texts = parts.map((part, index) => {
    if (typeof part === "number") return `(${part} ms later)\n`;
    if (index === 0 && typeof part === "string")
      return visible(part.slice(0, 1500)).trimEnd() + "\n\n";
    return excerpt(typeof part === "string" ? Buffer.from(part) : part);
  });
  return `to ${url.origin}\n${texts.join("")}`.trimEnd();
}

export function describeReply(reply: Reply): string {
  if (reply.status === 0) return `no reply: ${reply.trouble ?? "nothing came"}`;
  const headers = reply.headers.map(([name, value]) => `${name}: ${value}`).join("\n");
  const end = reply.complete ? "" : `\n(incomplete: ${reply.trouble ?? "no end"})`;
  return `${reply.status} after ${reply.headAt} ms\n${visible(headers)}\n\n${excerpt(reply.body, reply.bodyLength)}${end}`;
}

export function describeReceived(requests: readonly RecordedRequest[]): string {
  if (requests.length === 0) return "nothing";
  return requests
    .slice(0, 5)
    .map((request, index) => {
      const headers: string[] = [];
      for (let i = 0; i < request.rawHeaders.length; i += 2) {
        headers.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`);
      }
      const gone = request.aborted ? ", the proxy went away before the answer ended" : "";
      const part = request.bodyComplete ? "" : ", body incomplete";
      const title = requests.length > 1 ? `request ${index + 1} of ${requests.length}: ` : "";
      return (
        `${title}${request.method} ${request.url}\n${visible(headers.join("\n"))}\n\n` +
        `${excerpt(request.body, request.bodyLength)} (${request.bodyLength} bytes${part}${gone})`
      );
    })
    .join("\n\n");
}
