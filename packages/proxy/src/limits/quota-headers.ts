/**
 * What is left, for clients that read it: `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers).
 * No dollars in them, and nothing of limits that all callers share.
 */
import type { Seen } from "../stores/store.ts";
import type { Made } from "./claims.ts";

/** @param stands what stands in each bucket, this call included. @param now in ms since 1970 */
export function quotaHeaders(
  made: readonly Made[],
  stands: readonly Pick<Seen, "used" | "override">[],
  now: number,
): Record<string, string> | undefined {
  const shown = made.flatMap(({ gauge, claim, limit }, index) => {
    const { used, override } = stands[index] ?? { used: 0n };
    const quota = override ?? limit;
    const counts = gauge?.unit === "calls" || gauge?.unit === "inFlight";
    if (!gauge || !counts || gauge.whose.isAll || gauge.dryRun) return [];
    return typeof quota === "bigint" ? [{ gauge, claim, quota, used }] : [];
  });
  if (shown.length === 0) return undefined;
  const policies: string[] = [];
  const states: string[] = [];
  for (const { gauge, claim, quota, used } of shown) {
    const isOnly = shown.filter(({ gauge: { unit } }) => unit === gauge.unit).length === 1;
    const name = isOnly ? gauge.unit : `${gauge.unit} ${gauge.scope} ${gauge.per}`.trim();
    const label = `"${encodeURIComponent(name).replaceAll("%20", " ")}"`;
    const { rolling, from, until } = claim;
    const window =
      rolling?.ms ?? (from !== undefined && until !== undefined ? until - from : undefined);
    const rest = rolling?.ms ?? (until === undefined ? undefined : until - now);
    const left = quota > used ? quota - used : 0n;
    policies.push(
      `${label};q=${quota}${gauge.unit === "inFlight" ? ';qu="concurrent-requests"' : ""}${seconds("w", window)}`,
    );
    states.push(`${label};r=${left}${seconds("t", rest)}`);
  }
  return { "ratelimit-policy": policies.join(", "), ratelimit: states.join(", ") };
}

const seconds = (name: string, ms: number | undefined): string =>
  ms === undefined ? "" : `;${name}=${Math.ceil(ms / 1000)}`;
