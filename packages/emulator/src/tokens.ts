/** Short-lived tokens: for realtime sockets and direct streams, and for uploads to the CDN. */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { type Answer, json } from "./answer.ts";
import { methodNotAllowed, plain, validationError } from "./errors.ts";
import { type Exchange, readObject } from "./exchange.ts";

export interface Tokens {
  /** `/tokens/` (a bare string, scoped by alias) and `/tokens/realtime` (an object, scoped by path). */
  handle(exchange: Exchange): Promise<Answer>;
  /** Whether `token` is genuine, fresh, and good for `app`, a full endpoint id without `/realtime`. */
  verify(token: string, app: string): boolean;
  issueCdn(wish: Record<string, unknown>): {
    token: string;
    token_type: "Bearer";
    created_at: string;
    expires_at: string;
  };
  verifyCdn(token: string): boolean;
}

interface Claims {
  /** Milliseconds since the epoch. */
  exp: number;
  apps?: string[];
  cdn?: true;
}

const defaultSeconds = 120;
const cdnSeconds = 3600;
const longestCdnSeconds = 30 * 24 * 3600;

/** Tokens signed with a secret of this emulator: another one, or the same one later, does not know them. */
export function createTokens(): Tokens {
  const secret = randomBytes(32);
  const seal = (payload: string): Buffer => createHmac("sha256", secret).update(payload).digest();
  const issue = (claims: Claims): string => {
    const head = encode({ alg: "HS256", typ: "JWT" });
    const payload = `${head}.${encode(claims)}`;
    return `${payload}.${seal(payload).toString("base64url")}`;
  };
  const open = (token: string): Claims | undefined => {
    const end = token.lastIndexOf(".");
    const seen = Buffer.from(token.slice(end + 1), "base64url");
    const expected = seal(token.slice(0, Math.max(end, 0)));
    if (seen.length !== expected.length || !timingSafeEqual(seen, expected)) return undefined;
    const text = Buffer.from(token.split(".")[1]!, "base64url").toString();
    const claims = JSON.parse(text) as Claims;
    return claims.exp > Date.now() ? claims : undefined;
  };

  return {
    async handle(exchange) {
      const form = exchange.segments[1];
      if (exchange.segments.length > 2 || (form !== undefined && form !== "realtime")) {
        return plain(404, "Not Found");
      }
      if (exchange.method !== "POST") return methodNotAllowed("POST");
      const wish = await readObject(exchange);
      const apps = wish["allowed_apps"] ?? (wish["app"] === undefined ? undefined : [wish["app"]]);
      if (!Array.isArray(apps) || !apps.every((app) => typeof app === "string")) {
        return validationError([
          { loc: ["body", "allowed_apps"], msg: "Field required", type: "missing" },
        ]);
      }
      const seconds = Number(wish["duration"] ?? wish["token_expiration"] ?? defaultSeconds);
      const token = issue({ exp: Date.now() + seconds * 1000, apps });
      return form === "realtime" ? json(200, { token }) : json(201, token);
    },
    verify: (token, app) => {
      const apps = open(token)?.apps;
      return apps?.some((allowed) => covers(allowed, app)) ?? false;
    },
    issueCdn: (wish) => {
      const asked = wish["expiration_seconds"];
      const seconds = typeof asked === "number" ? Math.min(asked, longestCdnSeconds) : cdnSeconds;
      const now = Date.now();
      const exp = now + seconds * 1000;
      return {
        token: issue({ exp, cdn: true }),
        token_type: "Bearer",
        created_at: new Date(now).toISOString(),
        expires_at: new Date(exp).toISOString(),
      };
    },
    verifyCdn: (token) => open(token)?.cdn === true,
  };
}

/** Old tokens name the alias alone, new ones `owner/app[/path]`, with or without `/realtime`. */
function covers(allowed: string, id: string): boolean {
  const scope = allowed.replace(/\/realtime$/, "");
  const [owner, alias] = id.split("/");
  return scope === alias || scope === `${owner}/${alias}` || scope === id;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
