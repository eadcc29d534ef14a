/** Names of those who are counted: so written that no two can meet in one bucket, whatever their ids hold. */
import type { User } from "../call.ts";
import { digestOf } from "../digest.ts";
import { withAll, type MaybePromise } from "../promise.ts";

const LONGEST = 64;
/** What is written as it is: most ids. */
const PLAIN = /^[\w.~-]{1,64}$/;

/** `user/42`, or `user/acme/42` within a tenant. */
export const userSubject = ({ id, tenant }: Pick<User, "id" | "tenant">): MaybePromise<string> =>
  tenant === undefined ? subject("user", id) : subject("user", String(tenant), id);

/** The parts of a name, joined. Long ones are hashed, as are those that are no Unicode. */
export const subject = (...parts: readonly string[]): MaybePromise<string> =>
  withAll<string[], string>(parts.map(encode), (encoded) => encoded.join("/"));

function encode(part: string): MaybePromise<string> {
  if (PLAIN.test(part)) return part;
  if (part.length <= LONGEST && !/\p{Cs}/u.test(part)) {
    const encoded = encodeURIComponent(part);
    // `*` is no letter that is encoded, so that no id can look like a hash.
    if (encoded.length <= LONGEST && !encoded.startsWith("*")) return encoded;
  }
  // JSON writes what is no Unicode in letters.
  return digestOf("SHA-256", JSON.stringify(part)).then((digest) => `*${digest.slice(0, 40)}`);
}

/**
 * An address as one caller has it: of IPv6 the first 64 bits, since a household has all that follow; IPv4 within IPv6
 * as IPv4.
 */
export function addressOf(ip: string): string {
  const [, v4] = /^(?:::ffff:)?(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(ip) ?? [];
  if (v4 !== undefined) return v4;
  if (!ip.includes(":")) return ip;
  const [head = "", tail] = (ip.split("%")[0] as string).toLowerCase().split("::");
  const front = head.split(":").filter(Boolean);
  const back = tail?.split(":").filter(Boolean) ?? [];
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - front.length - back.length);
  const groups = [...front, ...Array<string>(zeros).fill("0"), ...back].slice(0, 4);
  return `${groups.map((group) => group.replace(/^0+(?=.)/, "")).join(":")}::/64`;
}
