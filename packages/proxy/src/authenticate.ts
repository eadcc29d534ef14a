/** Who is calling: the app's own check, or a fal key of the caller's own. */
import type { OpenCall } from "./call.ts";
import { callerKey } from "./credentials.ts";
import { refuse, type Refusal } from "./refusal.ts";

/**
 * Lets the caller in, and notes who it is, or refuses with `unauthenticated`.
 *
 * Without `isAuthenticated` no header can be verified, so only a caller whose own fal key pays counts
 * as signed in.
 *
 * @see PROTOCOL.md, "Authentication"
 */
export async function authenticate(call: OpenCall): Promise<Refusal | undefined> {
  const { isAuthenticated, allowUnauthorizedRequests } = call.incoming.config;
  const answer = isAuthenticated ? await isAuthenticated(call) : callerKey(call.incoming);
  if (answer && typeof answer === "object") call.user = answer;
  if (answer || allowUnauthorizedRequests) return undefined;
  return refuse("unauthenticated", "You are not signed in.", {
    hint: isAuthenticated
      ? "isAuthenticated answered false."
      : "Nothing can verify a caller yet: configure isAuthenticated. " +
        "Without it, only callers who bring a fal key of their own are served.",
  });
}
