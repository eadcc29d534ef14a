/**
 * What is left, for clients that read it: `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers).
 * No dollars in them, and nothing of limits that all callers share.
 */
import type { Claim, Seen } from "../stores/store.ts";
import type { Made } from "./claims.ts";
import type { Gauge } from "./gauge.ts";

/** @param stands what stands in each bucket, this call included. @param now in ms since 1970 */
export function quotaHeaders(
  made: readonly Made[],
  stands: readonly Pick<Seen, "used" | "override">[],
  now: number,
): Record<string, string> | undefined {
  const shown: { gauge: Gauge; claim: Claim; quota: bigint; used: bigint }[] = [];
  for (const [index, { gauge, claim, limit }] of made.entries()) {
    if (!gauge || !isShown(gauge)) continue;
    const { used, override } = stands[index] ?? { used: 0n };
    const quota = override ?? limit;
    if (typeof quota === "bigint") shown.push({ gauge, claim, quota, used });
  }
  if (shown.length === 0) return undefined;
  const policies: string[] = [];
  const states: string[] = [];
  for (const { gauge, claim, quota, used } of shown) {
    const isOnly = shown.every((one) => one.gauge === gauge || one.gauge.unit !== gauge.unit);
    const label = isOnly ? `"${gauge.unit}"` : longLabel(gauge);
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

const isShown = ({ unit, whose, dryRun }: Gauge): boolean =>
  (unit === "calls" || unit === "inFlight") && !whose.isAll && !dryRun;

function longLabel({ unit, scope, per }: Gauge): string {
  const name = `${unit} ${scope} ${per}`.trim();
  return `"${encodeURIComponent(name).replaceAll("%20", " ")}"`;
}

const seconds = (name: string, ms: number | undefined): string =>
  ms === undefined ? "" : `;${name}=${Math.ceil(ms / 1000)}`;
