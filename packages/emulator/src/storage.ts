/** Uploads and files: `rest.fal.ai/storage/…` hands out URLs, `*.fal.media` takes the bytes and serves them. */
import { randomBytes, randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { createAccess, fileNotFound } from "./access.ts";
import { type Answer, type HeaderList, json } from "./answer.ts";
import { methodNotAllowed, plain, validationError } from "./errors.ts";
import { type Exchange, readObject } from "./exchange.ts";
import { createFiles, type Piece, readRange, type StoredFile } from "./files.ts";
import type { Keys } from "./keys.ts";
import type { Tokens } from "./tokens.ts";

export interface Storage {
  /** `/storage/**` of the rest host, and of the Platform API; the caller has a key. */
  rest(exchange: Exchange): Promise<Answer>;
  /** The CDN hosts, where a signed URL or a CDN token stands for a key. */
  cdn(exchange: Exchange): Promise<Answer>;
  /** Keeps the output of a model, as long as the headers of the request wish; its URL. */
  store(
    bytes: Uint8Array,
    contentType: string,
    fileName?: string,
    headers?: IncomingHttpHeaders,
  ): string;
  /** The bytes behind a URL; `"gone"` for a file that is not kept any more, undefined for another's URL. */
  load(url: string): Promise<Uint8Array | "gone" | undefined>;
  reset(): void;
}

export interface StorageOptions {
  /** What stands for `https://v3.fal.media` in file and upload URLs. */
  base(): string;
  tokens: Tokens;
  keys: Keys;
}

/** A place that was promised to an upload. */
interface Upload {
  /** Path below the CDN host, without a leading slash. */
  readonly name: string;
  readonly contentType: string;
  readonly lifecycle: Pick<StoredFile, "expiresAt" | "access">;
  /** Parts by number; undefined for an upload in one piece. */
  readonly parts?: Map<number, Piece>;
  /** The secret in a signed URL. */
  readonly signature: string;
}

/** Uploads that were started and never finished are forgotten beyond this many. */
const pendingLimit = 1000;

/** As many parts as object stores take. */
const mostParts = 10_000;

export function createStorage(options: StorageOptions): Storage {
  const files = createFiles();
  /** By path: of the file, or of the multipart upload. */
  const uploads = new Map<string, Upload>();
  const urlOf = (name: string): string => `${options.base()}/${name}`;
  const { tokens, keys } = options;
  const access = createAccess({ files, tokens, keys, urlOf });

  const promise = (
    contentType: string,
    fileName: string,
    headers: IncomingHttpHeaders,
    multipart: boolean,
  ): { upload: Upload; path: string } => {
    const name = newName(fileName);
    const path = multipart ? `${name}/multipart/${randomUUID()}` : name;
    const upload: Upload = {
      name,
      contentType,
      lifecycle: lifecycleOf(headers),
      signature: randomBytes(16).toString("hex"),
      ...(multipart && { parts: new Map<number, Piece>() }),
    };
    uploads.set(path, upload);
    for (const [oldest, { parts }] of uploads) {
      if (uploads.size <= pendingLimit) break;
      parts?.forEach(files.discard);
      uploads.delete(oldest);
    }
    return { upload, path };
  };

  const save = (upload: Upload, pieces: readonly Piece[]): void =>
    files.save(upload.name, { contentType: upload.contentType, pieces, ...upload.lifecycle });

  const initiate = async (exchange: Exchange, multipart: boolean): Promise<Answer> => {
    if (exchange.method !== "POST") return methodNotAllowed("POST");
    const { content_type: type, file_name: name } = await readObject(exchange);
    const missing = Object.entries({ content_type: type, file_name: name }).filter(
      ([, value]) => typeof value !== "string",
    );
    if (missing.length > 0) {
      return validationError(
        missing.map(([field]) => ({
          loc: ["body", field],
          msg: "Field required",
          type: "missing",
        })),
      );
    }
    const { upload, path } = promise(String(type), String(name), exchange.headers, multipart);
    return json(200, {
      upload_url: `${urlOf(path)}?signature=${upload.signature}`,
      file_url: urlOf(upload.name),
    });
  };

  const put = async (exchange: Exchange, path: string): Promise<Answer> => {
    const [, target = path, number] = /^(.+\/multipart\/[^/]+)\/(\d+)$/.exec(path) ?? [];
    const upload = uploads.get(target);
    if (!upload || (number === undefined) === (upload.parts !== undefined)) return fileNotFound();
    if (!mayWrite(exchange, upload)) return plain(403, "Invalid or missing signature");
    if (number !== undefined && !(Number(number) >= 1 && Number(number) <= mostParts)) {
      return plain(400, `Part numbers go from 1 to ${mostParts}`);
    }
    const piece = await files.write(exchange.chunks());
    const etag: HeaderList = [["etag", `"${piece.md5}"`]];
    if (upload.parts === undefined) {
      save(upload, [piece]);
      return json(200, {}, etag);
    }
    const partNumber = Number(number);
    const earlier = upload.parts.get(partNumber);
    if (earlier) files.discard(earlier);
    upload.parts.set(partNumber, piece);
    // JavaScript reads the body, Python and the SDK the header.
    return json(200, { partNumber, etag: `"${piece.md5}"` }, etag);
  };

  const complete = async (exchange: Exchange, path: string): Promise<Answer> => {
    const target = path.slice(0, -"/complete".length);
    const upload = uploads.get(target);
    if (!upload?.parts) return fileNotFound();
    if (!mayWrite(exchange, upload)) return plain(403, "Invalid or missing signature");
    const pieces = inOrder(upload.parts, (await readObject(exchange))["parts"]);
    if (typeof pieces === "string") return plain(400, pieces);
    for (const piece of upload.parts.values()) if (!pieces.includes(piece)) files.discard(piece);
    uploads.delete(target);
    save(upload, pieces);
    return json(200, { access_url: urlOf(upload.name) });
  };

  const mayWrite = (exchange: Exchange, upload: Upload): boolean =>
    exchange.query.get("signature") === upload.signature || access.holdsCdnToken(exchange);

  /** `POST /files/upload[/multipart]`, the Python client's way: a bearer token instead of a signed URL. */
  const uploadByToken = async (exchange: Exchange, multipart: boolean): Promise<Answer> => {
    if (!access.holdsCdnToken(exchange)) return plain(401, "Invalid or missing CDN token");
    const { headers } = exchange;
    const contentType = headers["content-type"] ?? "application/octet-stream";
    const fileName = String(headers["x-fal-file-name"] ?? "file");
    const { upload, path } = promise(contentType, fileName, headers, multipart);
    if (multipart) {
      const uploadId = path.slice(path.lastIndexOf("/") + 1);
      return json(200, { access_url: urlOf(upload.name), uploadId });
    }
    uploads.delete(path);
    save(upload, [await files.write(exchange.chunks())]);
    return json(200, { access_url: urlOf(upload.name) });
  };

  /** The oldest clients' way: one form with one file, and its URL back. */
  const uploadForm = async (exchange: Exchange): Promise<Answer> => {
    if (exchange.method !== "POST") return methodNotAllowed("POST");
    const bytes = await exchange.bytes();
    const type = exchange.headers["content-type"] ?? "";
    const form = await new Response(bytes as Uint8Array<ArrayBuffer>, {
      headers: { "content-type": type },
    })
      .formData()
      .catch(() => undefined);
    const file = [...(form?.values() ?? [])].find((value) => typeof value !== "string");
    if (!file) {
      return validationError([{ loc: ["body", "file"], msg: "Field required", type: "missing" }]);
    }
    const contentType = file.type || "application/octet-stream";
    const { upload, path } = promise(contentType, file.name, exchange.headers, false);
    uploads.delete(path);
    save(upload, [files.hold(new Uint8Array(await file.arrayBuffer()))]);
    return json(200, { url: urlOf(upload.name) });
  };

  return {
    async rest(exchange) {
      const path = exchange.segments.join("/").replace(/^v1\//, "");
      if (path === "storage/upload/initiate") return initiate(exchange, false);
      if (path === "storage/upload/initiate-multipart") return initiate(exchange, true);
      if (path === "storage/auth/token") {
        if (exchange.method !== "POST") return methodNotAllowed("POST");
        return json(200, {
          ...tokens.issueCdn(await readObject(exchange)),
          base_url: urlOf("").slice(0, -1),
        });
      }
      if (path === "storage/upload") return uploadForm(exchange);
      if (path === "storage/files/acl") return access.control(exchange);
      if (path === "storage/files/sign") return access.sign(exchange);
      return plain(404, "Not Found");
    },
    async cdn(exchange) {
      const path = exchange.segments.join("/");
      const { method } = exchange;
      if (method === "POST" && path === "files/upload") return uploadByToken(exchange, false);
      if (method === "POST" && path === "files/upload/multipart") {
        return uploadByToken(exchange, true);
      }
      if (method === "POST" && path.endsWith("/sign")) {
        return access.signFile(exchange, path.slice(0, -"/sign".length));
      }
      if (method === "PUT") return put(exchange, path);
      if (method === "POST" && path.endsWith("/complete")) return complete(exchange, path);
      if (method === "GET" || method === "HEAD") return access.read(exchange, path);
      return methodNotAllowed("GET, HEAD, PUT, POST");
    },
    store: (bytes, contentType, fileName = "output", headers = {}) => {
      const name = newName(fileName);
      files.save(name, { contentType, pieces: [files.hold(bytes)], ...lifecycleOf(headers) });
      return urlOf(name);
    },
    load: async (url) => {
      const name = /^[^?#]*?\/(files\/b\/emulator\/[^?#]+)/.exec(url)?.[1];
      if (name === undefined) return undefined;
      const file = files.find(name);
      if (!file) return "gone";
      const chunks: Uint8Array[] = [];
      for await (const chunk of readRange(file, 0, file.size - 1)) chunks.push(chunk);
      return Buffer.concat(chunks);
    },
    reset: () => {
      uploads.clear();
      access.reset();
      files.clear();
    },
  };
}

/**
 * The parts that a `complete` names, by their numbers: clients that send them side by side list them as
 * they arrive.
 *
 * @returns why not, when one is missing, unknown, named twice or not the one that was sent
 */
function inOrder(sent: ReadonlyMap<number, Piece>, named: unknown): Piece[] | string {
  const pieces: Piece[] = [];
  const list = Array.isArray(named) ? (named as Array<Record<string, unknown> | null>) : [];
  for (const part of list) {
    const number = Number(part?.["partNumber"] ?? part?.["part_number"]);
    const piece = sent.get(number);
    const etag = String(part?.["etag"]).replaceAll('"', "");
    if (!piece || piece.md5 !== etag) return "One of the parts could not be found";
    if (pieces[number - 1]) return `Part ${number} is named twice`;
    pieces[number - 1] = piece;
  }
  for (let index = 0; index < pieces.length; index++) {
    if (pieces[index] === undefined) return `Part ${index + 1} is missing`;
  }
  return pieces.length === 0 ? "No parts were given" : pieces;
}

/** `files/b/<store>/<random>_<name>`: the shape of fal's CDN paths. */
function newName(fileName: string): string {
  const safe = fileName.replace(/[^\w.-]+/g, "_").slice(-100);
  return `files/b/emulator/${randomBytes(12).toString("base64url")}_${safe}`;
}

/** Lifetime and access that the uploader asks for. JS sends one header name, the docs and Python the other. */
function lifecycleOf(headers: IncomingHttpHeaders): Pick<StoredFile, "expiresAt" | "access"> {
  const text =
    headers["x-fal-object-lifecycle"] ?? headers["x-fal-object-lifecycle-preference"] ?? "{}";
  let wish: { expiration_duration_seconds?: unknown; initial_acl?: { default?: unknown } };
  try {
    wish = (JSON.parse(String(text)) ?? {}) as typeof wish;
  } catch {
    wish = {};
  }
  const seconds = wish.expiration_duration_seconds;
  const access = wish.initial_acl?.default;
  return {
    expiresAt: typeof seconds === "number" ? Date.now() + seconds * 1000 : Infinity,
    access: access === "forbid" || access === "hide" ? access : "allow",
  };
}
