/** A stored file as an HTTP answer: whole, in part, or not again. */
import type { Answer, HeaderList } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { readRange, type StoredFile } from "./files.ts";

/** The file, or the one range asked for: media players seek. Several ranges get the whole. */
export function serveFile(file: StoredFile, exchange: Exchange): Answer {
  const headers: HeaderList = [
    ["content-type", file.contentType],
    ["accept-ranges", "bytes"],
    ["etag", file.etag],
    ["cache-control", "public, max-age=31536000"],
  ];
  if (exchange.headers["if-none-match"] === file.etag) return { status: 304, headers };
  const range = rangeOf(exchange.headers.range, file.size);
  if (range === "unsatisfiable") {
    return { status: 416, headers: [...headers, ["content-range", `bytes */${file.size}`]] };
  }
  const [start, end] = range ?? [0, file.size - 1];
  headers.push(["content-length", String(end - start + 1)]);
  if (range) headers.push(["content-range", `bytes ${start}-${end}/${file.size}`]);
  return { status: range ? 206 : 200, headers, body: readRange(file, start, end) };
}

function rangeOf(
  header: string | undefined,
  size: number,
): [start: number, end: number] | "unsatisfiable" | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (!match || (match[1] === "" && match[2] === "")) return undefined;
  const [, first = "", last = ""] = match;
  const start = first === "" ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  return start > end ? "unsatisfiable" : [start, end];
}
