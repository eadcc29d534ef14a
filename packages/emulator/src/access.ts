/** Who may read a file of the CDN: its access rule, signed URLs, and those who have a key or a token. */
import { randomBytes } from "node:crypto";
import { type Answer, json } from "./answer.ts";
import { methodNotAllowed, plain, validationError } from "./errors.ts";
import { type Exchange, readObject } from "./exchange.ts";
import type { Files } from "./files.ts";
import type { Keys } from "./keys.ts";
import { serveFile } from "./serve-file.ts";
import type { Tokens } from "./tokens.ts";

export interface Access {
  /** Whether the caller has a token for the CDN, which also lets it write. */
  holdsCdnToken(exchange: Exchange): boolean;
  /** `POST /storage/files/sign` of the rest host: a URL by which anybody may read one file for a time. */
  sign(exchange: Exchange): Promise<Answer>;
  /** `POST <file>/sign`: the same on the file host. */
  signFile(exchange: Exchange, name: string): Promise<Answer>;
  /** `/storage/files/acl?url=`: tells or sets who may read. */
  control(exchange: Exchange): Promise<Answer>;
  /** The file, for those who may read it. */
  read(exchange: Exchange, name: string): Answer;
  reset(): void;
}

export interface AccessOptions {
  readonly files: Files;
  readonly tokens: Tokens;
  readonly keys: Keys;
  /** Where a file is served, by its path. */
  urlOf(name: string): string;
}

/** Seven days, in seconds: the longest life of a signed URL. */
const longestSignature = 604_800;

export function createAccess({ files, tokens, keys, urlOf }: AccessOptions): Access {
  /** Values of `?identity=`. */
  const signatures = new Map<string, { readonly name: string; readonly expiresAt: number }>();

  const holdsCdnToken = ({ headers }: Exchange): boolean => {
    const bearer = /^bearer +(.+)$/i.exec(headers.authorization ?? "")?.[1];
    return bearer !== undefined && tokens.verifyCdn(bearer);
  };

  const isKnown = (exchange: Exchange): boolean =>
    keys.accountOf(exchange.headers.authorization) !== undefined || holdsCdnToken(exchange);

  const isSigned = ({ query }: Exchange, name: string): boolean => {
    const found = signatures.get(query.get("identity") ?? "");
    return found?.name === name && found.expiresAt > Date.now();
  };

  /** The signed URL of a file; undefined when there is no such file or no such time. */
  const signed = (name: string, seconds: unknown): string | undefined => {
    const life = Math.min(Number(seconds ?? 3600), longestSignature);
    if (!files.find(name) || !(life > 0)) return undefined;
    const identity = randomBytes(24).toString("base64url");
    signatures.set(identity, { name, expiresAt: Date.now() + life * 1000 });
    return `${urlOf(name)}?identity=${identity}`;
  };

  return {
    holdsCdnToken,
    async sign(exchange) {
      if (exchange.method !== "POST") return methodNotAllowed("POST");
      const { url, expiration_seconds: seconds } = await readObject(exchange);
      const signedUrl = signed(nameOf(url), seconds);
      return signedUrl === undefined ? fileNotFound() : json(200, { signed_url: signedUrl });
    },
    async signFile(exchange, name) {
      if (!isKnown(exchange)) return plain(401, "Invalid or missing CDN token");
      const url = signed(name, (await readObject(exchange))["duration"]);
      if (url === undefined) return fileNotFound();
      return { status: 200, headers: [["content-type", "text/plain"]], body: url };
    },
    async control(exchange) {
      const file = files.find(nameOf(exchange.query.get("url")));
      if (!file) return fileNotFound();
      if (exchange.method === "PUT") {
        const { default: access } = await readObject(exchange);
        if (access !== "allow" && access !== "forbid" && access !== "hide") {
          const msg = "Input should be 'allow', 'forbid' or 'hide'";
          return validationError([{ loc: ["body", "default"], msg, type: "enum" }]);
        }
        file.access = access;
      } else if (exchange.method !== "GET") return methodNotAllowed("GET, PUT");
      return json(200, { default: file.access, rules: [] });
    },
    read(exchange, name) {
      const file = files.find(name);
      if (!file) return fileNotFound();
      const known = isKnown(exchange) || isSigned(exchange, name);
      if (file.access === "hide" && !known) return fileNotFound();
      if (file.access === "forbid" && !known) {
        return plain(403, "Access to this file is restricted");
      }
      return serveFile(file, exchange);
    },
    reset: () => signatures.clear(),
  };
}

/** The name of a file that a URL means, whatever host the URL was made for. */
const nameOf = (url: unknown): string => /\/(files\/[^?#]+)/.exec(String(url))?.[1] ?? "";

/** The CDN's answer for a file that is not there, or that the caller may not know of. */
export function fileNotFound(): Answer {
  return plain(404, "File not found");
}
