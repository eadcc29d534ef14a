/** URLs of fal's file host: as fal writes them, as callers get them here, and as a cassette keeps them. */
import { extname } from "node:path";

/** What stands for a file in a cassette, before its name in `bodies`. */
const KEPT = "file:";

const HOSTS = String.raw`(?:v3b?\.)?fal\.media`;

/** How file URLs are written at three places. */
export interface FileUrls {
  /** fal's, or of what stands for it → below this server. */
  toHere(text: string): string;
  /** Below this server → fal's. */
  toFal(text: string): string;
  /** The same value with each file URL replaced. */
  replaceEach(value: unknown, by: (url: string) => Promise<string>): Promise<unknown>;
}

/**
 * @param here this server's origin
 * @param upstream the origin of a stand-in for fal; undefined for fal itself
 */
export function createFileUrls(here: () => string, upstream: string | undefined): FileUrls {
  const there = (host: string): string => (upstream ? `${upstream}/${host}` : `https://${host}`);
  const falForm = new RegExp(
    `(?:${upstream ? `${escape(upstream)}/|` : ""}https://)(${HOSTS})/`,
    "g",
  );
  const hereForm = (): RegExp => new RegExp(`${escape(here())}/(${HOSTS})/`, "g");
  const replaceEach: FileUrls["replaceEach"] = async (value, by) => {
    if (typeof value === "string") return replaceIn(value, by);
    if (Array.isArray(value)) return Promise.all(value.map((item) => replaceEach(item, by)));
    if (typeof value !== "object" || value === null) return value;
    const members = Object.entries(value).map(
      async ([name, member]) => [name, await replaceEach(member, by)] as const,
    );
    return Object.fromEntries(await Promise.all(members));
  };
  const replaceIn = async (text: string, by: (url: string) => Promise<string>): Promise<string> => {
    const url = new RegExp(`${escape(here())}/${HOSTS}/[^\\s"'<>\\\\]+`, "g");
    const found = [...new Set(text.match(url))];
    let replaced = text;
    for (const each of found) replaced = replaced.replaceAll(each, await by(each));
    return replaced;
  };
  return {
    toHere: (text) => text.replace(falForm, (_, host: string) => `${here()}/${host}/`),
    toFal: (text) => text.replace(hereForm(), (_, host: string) => `${there(host)}/`),
    replaceEach,
  };
}

const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);

/** A file as a cassette names it. */
export const keptName = (name: string): string => KEPT + name;

/** The names of kept files in a text. */
export const keptIn = (text: string): string[] => text.match(/\bfile:[\da-f]{64}(?:\.\w+)?/g) ?? [];

/** The name in `bodies` of what {@link keptName} wrote. */
export const bodyName = (kept: string): string => kept.slice(KEPT.length);

/** The ending of a file's name, for its type. */
export const endingOf = (url: string): string => extname(new URL(url).pathname).toLowerCase();

const TYPES: Readonly<Record<string, string>> = {
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".webp": "image/webp",
  ".gif": "image/gif",
  ".svg": "image/svg+xml",
  ".mp4": "video/mp4",
  ".webm": "video/webm",
  ".mp3": "audio/mpeg",
  ".wav": "audio/wav",
  ".flac": "audio/flac",
  ".glb": "model/gltf-binary",
  ".obj": "model/obj",
  ".json": "application/json",
  ".txt": "text/plain",
  ".zip": "application/zip",
};

/** The content type that a file's ending stands for. */
export const typeOf = (name: string): string => TYPES[extname(name)] ?? "application/octet-stream";
