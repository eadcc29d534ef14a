/** Who may call: API keys, and what each host answers to those without one. */
import { timingSafeEqual } from "node:crypto";
import { type Answer, json } from "./answer.ts";
import { plain } from "./errors.ts";

/** Whom a valid credential belongs to. */
export interface Account {
  /** The part of the key before the colon; never the secret. */
  readonly id: string;
  /** Whether it may read billing. */
  readonly isAdmin?: boolean;
}

export interface Keys {
  /** A key of the first account with the scope ADMIN: it is accepted everywhere. */
  readonly adminKey: string;
  /** The account of an `Authorization` value, or undefined. */
  accountOf(authorization: string | undefined): Account | undefined;
  /** fal's refusal, in the words of the host that was called. */
  refuse(host: string, authorization: string | undefined): Answer;
}

/** @param keys `<id>:<secret>` each */
export function createKeys(keys: readonly string[]): Keys {
  const idOf = (key: string): string => key.slice(0, key.indexOf(":"));
  const adminKey = `${idOf(keys[0]!)}:admin-${keys[0]!.slice(keys[0]!.indexOf(":") + 1)}`;
  const known = [...keys, adminKey].map((key) => ({
    expected: Buffer.from(key),
    account: { id: idOf(key), isAdmin: key === adminKey },
  }));
  return {
    adminKey,
    accountOf: (authorization) => {
      const given = /^key +(.+)$/i.exec(authorization ?? "")?.[1];
      if (given === undefined) return undefined;
      const bytes = Buffer.from(given);
      const equal = (key: Buffer): boolean =>
        key.length === bytes.length && timingSafeEqual(key, bytes);
      return known.find(({ expected }) => equal(expected))?.account;
    },
    refuse,
  };
}

function refuse(host: string, authorization: string | undefined): Answer {
  const missing = authorization === undefined || authorization === "";
  const bearer = /^bearer /i.test(authorization ?? "");
  if (host === "wma.fal.run") {
    return json(401, { error: missing ? "missing Authorization header" : "invalid credentials" });
  }
  if (host === "api.fal.ai") {
    const message = missing ? "Authorization header is required" : "Invalid API key";
    return json(401, { error: { type: "authorization_error", message } });
  }
  if (bearer) return plain(401, "Could not decode the issuer of the token");
  if (missing && host.startsWith("rest.")) return plain(401, "Authorization header is required");
  if (missing) return plain(401, "Authentication is required to access this application.");
  return plain(401, "invalid key credentials");
}
