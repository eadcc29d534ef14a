/** Undoes the coding of a reply on Node: of a copy for a guard, or of the reply itself where its name would be lost. */
import type { Transform } from "node:stream";
import { promisify } from "node:util";
import {
  brotliDecompress,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  gunzip,
  inflate,
} from "node:zlib";
import { findHeader, withoutCoding, type HeaderList } from "../headers.ts";
import type { Flow, Sink } from "./exchange.ts";

const CODINGS: Record<string, { create: () => Transform; whole: typeof gunzip } | undefined> = {
  __proto__: null as never,
  gzip: { create: createGunzip, whole: gunzip },
  "x-gzip": { create: createGunzip, whole: gunzip },
  deflate: { create: createInflate, whole: inflate },
  br: { create: createBrotliDecompress, whole: brotliDecompress as typeof gunzip },
};

const codingOf = (headers: HeaderList): string | undefined =>
  findHeader(headers, "content-encoding")?.trim().toLowerCase();

/**
 * The plain form of a copy.
 *
 * @param most the largest plain form, in bytes: a few coded bytes may stand for gigabytes
 * @returns undefined when it is larger, broken, or in a coding that Node does not know
 */
export async function decodeCopy(
  headers: HeaderList,
  bytes: Uint8Array,
  most: number,
): Promise<Uint8Array | undefined> {
  const coding = codingOf(headers) ?? "identity";
  if (coding === "identity") return bytes;
  const whole = CODINGS[coding]?.whole;
  return whole && promisify(whole)(bytes, { maxOutputLength: most }).catch(() => undefined);
}

/**
 * A sink in front of another, which receives the reply as it was before it was coded.
 *
 * @returns undefined when there is no coding, or none that Node knows
 */
export function decoding(headers: HeaderList, to: Sink, flow: Flow): Sink | undefined {
  const decoder = CODINGS[codingOf(headers) ?? ""]?.create();
  if (!decoder) return undefined;
  // The relay resumes what it pauses: the decoder, which then resumes fal.
  const resumeFal = flow.resume.bind(flow);
  const abortFal = flow.abort.bind(flow);
  flow.resume = () => void decoder.resume();
  flow.abort = () => {
    decoder.destroy();
    abortFal();
  };
  decoder.on("data", (chunk: Uint8Array) => {
    if (!to.data(chunk)) decoder.pause();
  });
  decoder.on("drain", resumeFal);
  decoder.on("end", () => to.end());
  decoder.on("error", (cause) => {
    abortFal();
    to.fail({ timedOut: false, cause });
  });
  let isEmpty = true;
  return {
    head: (status, received) => to.head(status, withoutCoding(received)),
    data(chunk) {
      isEmpty = false;
      return decoder.write(chunk);
    },
    end() {
      // No body is whole, though it is the coded form of nothing.
      if (isEmpty) to.end();
      else decoder.end();
    },
    fail(failure) {
      decoder.destroy();
      to.fail(failure);
    },
  };
}
