/** Why a call does not pass, in words for its caller and in numbers for programs. */
import { writeAmount } from "../money/amount.ts";
import type { Unpriced } from "../money/quote.ts";
import { refuse, type Refusal, type RefusalCode } from "../refusal.ts";
import type { Refused, StoreUnavailable } from "../stores/store.ts";
import type { Made } from "./claims.ts";

/** The claim that did not fit. @param now in ms since 1970 */
export function exhausted({ claim, gauge }: Made, found: Refused, now: number): Refusal {
  if (gauge === undefined) return refuse("blocked", "Your access is turned off.");
  const { unit, scope, per, whose } = gauge;
  const ends = found.after === undefined ? claim.until : now + found.after;
  const seconds = ends === undefined ? undefined : Math.max(1, Math.ceil((ends - now) / 1000));
  const write = unit === "usd" || unit === "credits" ? writeAmount : String;
  const frees = found.held > 0n && found.used - found.held + claim.amount <= found.limit;
  const members = {
    scope,
    ...(per !== "" && { per }),
    ...(!whose.isAll && {
      limit: write(found.limit),
      used: write(found.used),
      held: write(found.held),
    }),
    needed: write(claim.amount),
    ...(ends !== undefined && { resets_at: new Date(ends).toISOString() }),
    ...(!whose.isAll && { frees }),
  };
  const headers = seconds === undefined ? {} : { "retry-after": String(seconds) };
  if (unit === "credits") {
    const left = { balance: write(found.limit - found.used), held: write(found.held) };
    const { scope: _, limit: _limit, used: _used, ...rest } = members as Record<string, unknown>;
    return refuse("credits_exhausted", frees ? `${TOO_FEW} Calls under way hold some.` : TOO_FEW, {
      members: { scope, ...left, ...rest },
    });
  }
  const soon = seconds === undefined ? "" : ` It is free again in ${duration(seconds)}.`;
  const [word, message] = {
    usd: [
      "budget_exhausted",
      `${whose.isAll ? "This app has used up its" : "You have used up your"} budget for now.${soon}`,
    ],
    calls: [
      "rate_limited",
      `${whose.isAll ? "This app gets" : "You have made"} too many calls.${soon}`,
    ],
    inFlight: [
      "too_many_in_flight",
      `${whose.isAll ? "This app has" : "You have"} too many calls under way: try again when one has ended.`,
    ],
  }[unit] as [RefusalCode, string];
  return refuse(word, message, {
    members,
    headers: unit === "inFlight" ? { "retry-after": "2" } : headers,
  });
}

const TOO_FEW = "You have too few credits for this.";

function duration(seconds: number): string {
  for (const [size, unit] of [
    [86_400, "day"],
    [3600, "hour"],
    [60, "minute"],
  ] as const) {
    const count = Math.ceil(seconds / size);
    if (seconds >= size) return `${count} ${unit}${count === 1 ? "" : "s"}`;
  }
  return `${seconds} second${seconds === 1 ? "" : "s"}`;
}

/** A call without a price. */
export function unpriced(endpoint: string, { field, why, coming }: Unpriced): Refusal {
  const what =
    field === undefined
      ? `This call has no price: ${why}.`
      : `The input ${field} leaves the price open: ${why}.`;
  return refuse("price_unknown", what, {
    hint: `A rule for "${endpoint}" in prices, with a max, gives it one.`,
    ...(field !== undefined && {
      detail: [{ loc: ["body", field], msg: why, type: "price_unknown" }],
    }),
    ...(coming && { headers: { "retry-after": "2" } }),
  });
}

/** The store had no answer. Other errors are faults of ours. */
export function unavailable(error: StoreUnavailable): Refusal {
  return refuse("state_unavailable", "The server cannot look up what you may use just now.", {
    headers: {
      "retry-after": error.trouble === "lost" || error.trouble === "unprepared" ? "60" : "1",
    },
    hint: error.message,
  });
}

/** Somebody else's request id, and one that was never issued: not told apart. */
export function notFound(): Refusal {
  return refuse("not_found", "There is no such request.", {
    hint: "Only jobs that this caller has submitted through the proxy are shown; callers are told apart by the id that isAuthenticated answers.",
  });
}
