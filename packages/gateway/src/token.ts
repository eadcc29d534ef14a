/**
 * The token of a gateway whose calls cost money: without it any program and any user of this machine
 * could spend the key. Whoever opens the printed address has it in a cookie from then on; other
 * programs send it in `authorization`.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

/** The query parameter of the printed address. */
const PARAMETER = "token";

/** @returns 32 characters that nobody guesses */
export const makeToken = (): string => randomBytes(24).toString("base64url");

/** What a token opens; one is made per gateway. */
export interface Gate {
  /** Whether a request carries the token: in its cookie, or as `Authorization: Bearer <token>`. */
  opensFor(headers: IncomingMessage["headers"]): boolean;
  /**
   * Answers a request for `/?token=…`: the cookie, and back to the page, so that the token does not
   * stay in the address bar. With a wrong one nothing is set.
   *
   * @returns whether it answered
   */
  admit(request: IncomingMessage, response: ServerResponse): boolean;
}

/** @param port cookies know no ports, and this machine may run several gateways */
export function createGate(token: string, port: () => number): Gate {
  const wanted = digest(token);
  const isToken = (given: string): boolean => timingSafeEqual(digest(given), wanted);
  const cookie = (): string => `fal_gateway_${port()}`;
  return {
    opensFor({ authorization = "", cookie: cookies = "" }) {
      const [, bearer] = /^bearer\s+(\S+)$/i.exec(authorization) ?? [];
      const kept = cookies.split(/;\s*/).find((pair) => pair.startsWith(`${cookie()}=`));
      return [bearer, kept?.slice(cookie().length + 1)].some((given) => given && isToken(given));
    },
    admit(request, response) {
      const { pathname, searchParams } = new URL(request.url ?? "/", "http://gateway");
      const given = searchParams.get(PARAMETER);
      if (pathname !== "/" || given === null) return false;
      response.writeHead(303, {
        location: "/",
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        ...(isToken(given) && {
          "set-cookie": `${cookie()}=${token}; Path=/; HttpOnly; SameSite=Strict`,
        }),
      });
      response.end();
      return true;
    },
  };
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** The address that is printed. */
export const withToken = (url: string, token: string | undefined): string =>
  token === undefined ? `${url}/` : `${url}/?${PARAMETER}=${token}`;
