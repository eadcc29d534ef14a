/** Who is calling: the app's own check, or a fal key of the caller's own. */
import type { Incoming, OpenCall } from "./call.ts";
import type { ResolvedConfig } from "./config.ts";
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
export async function authenticate(
  config: ResolvedConfig,
  incoming: Incoming,
  call: OpenCall,
): Promise<Refusal | undefined> {
  if (config.isAuthenticated === undefined) {
    const paysHimself = config.acceptCallerKeys && callerKey(incoming) !== undefined;
    if (paysHimself || config.allowUnauthorized) return undefined;
    return refuse("unauthenticated", "You are not signed in.", {
      hint:
        "Nothing can verify a caller yet: configure isAuthenticated. " +
        "Without it, only callers who bring a fal key of their own are served.",
    });
  }
  const answer = await config.isAuthenticated(call);
  if (typeof answer === "object" && answer !== null) call.user = answer;
  if (answer || config.allowUnauthorized) return undefined;
  return refuse("unauthenticated", "You are not signed in.", {
    hint: "isAuthenticated answered false.",
  });
}
