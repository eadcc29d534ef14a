// A session is a user's name with a signature that only this server can make. Your app has its own kind.
import { createHmac, timingSafeEqual } from "node:crypto";

const sign = (user: string): string => {
  const secret = process.env.SESSION_SECRET;
  if (!secret) throw new Error("SESSION_SECRET is not set");
  return createHmac("sha256", secret).update(user).digest("base64url");
};

/** The user of the cookie `session=<user>.<signature>`, or undefined. */
export function readSession(cookie: string | undefined): string | undefined {
  const [user, signature] = cookie?.split(".") ?? [];
  if (!user || !signature) return undefined;
  const given = Buffer.from(signature);
  const wanted = Buffer.from(sign(user));
  const isGenuine = given.length === wanted.length && timingSafeEqual(given, wanted);
  return isGenuine ? user : undefined;
}
