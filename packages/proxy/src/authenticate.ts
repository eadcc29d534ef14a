/** Who is calling: the app's own check, or a fal key of the caller's own. */
import type { User } from "./call.ts";
import { callerKey } from "./credentials.ts";
import type { OpenCall } from "./open-call.ts";
import { refuse, type Refusal } from "./refusal.ts";

/**
 * Lets the caller in, and notes who it is, or refuses with `unauthenticated`.
 *
 * Of what `isAuthenticated` answers, only `true` and an object with an id are a yes: a Response, a
 * session without a user and a text are things that a check answers when it means no.
 *
 * Without `isAuthenticated` no header can be verified, so only a caller whose own fal key pays counts
 * as signed in.
 *
 * @see PROTOCOL.md, "Authentication"
 */
export async function authenticate(call: OpenCall): Promise<Refusal | undefined> {
  const { isAuthenticated, allowUnauthorizedRequests } = call.config;
  if (!isAuthenticated) {
    return allowUnauthorizedRequests || callerKey(call) !== undefined
      ? undefined
      : unauthenticated(
          "Nothing can verify a caller yet: configure isAuthenticated. " +
            "Without it, only callers who bring a fal key of their own are served.",
        );
  }
  const answer: unknown = await isAuthenticated(call);
  if (isUser(answer)) call.user = answer;
  return answer === true || call.user || allowUnauthorizedRequests
    ? undefined
    : unauthenticated(
        answer === false
          ? "isAuthenticated answered false."
          : "isAuthenticated answered neither true nor an object whose id is a text.",
      );
}

function isUser(answer: unknown): answer is User {
  const id = (answer as Partial<User> | null | undefined)?.id;
  return typeof answer === "object" && typeof id === "string" && id !== "";
}

const unauthenticated = (hint: string): Refusal =>
  refuse("unauthenticated", "You are not signed in.", { hint });
