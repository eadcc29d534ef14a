/** What would become of a call, step by step: for the operator who asks why. Nothing is sent, and nothing taken. */
import { resolveConfig } from "../config.ts";
import { decide } from "../decide.ts";
import { endCall } from "../end.ts";
import { writeAmount } from "../money/amount.ts";
import { isRefusal, toAnswer, type RefusalCode } from "../refusal.ts";
import { StoreUnavailable, type Refused } from "../stores/store.ts";
import { callBeside, type BesideContext } from "./beside.ts";
import type { Made } from "./claims.ts";
import type { FalProxy } from "./define.ts";
import type { Definition } from "./definition.ts";
import { prepare } from "./prepare.ts";
import { exhausted } from "./refusals.ts";

/** In the order in which they are asked. */
const STEPS = [
  "target",
  "origin",
  "caller",
  "endpoint",
  "guards",
  "key",
  "job",
  "price",
  "limits",
] as const;
export type Step = (typeof STEPS)[number];

/** Which step says no by which code; every other is a guard's. */
const SAYS: Partial<Record<RefusalCode, Step>> = {
  invalid_target: "target",
  target_not_allowed: "target",
  method_not_allowed: "target",
  origin_not_allowed: "origin",
  unauthenticated: "caller",
  endpoint_not_allowed: "endpoint",
  no_credentials: "key",
  not_found: "job",
  price_unknown: "price",
  budget_exhausted: "limits",
  credits_exhausted: "limits",
  rate_limited: "limits",
  too_many_in_flight: "limits",
  blocked: "limits",
};

export interface Explanation {
  /** Each step up to the one that says no, which is the last then. */
  readonly steps: readonly { readonly step: Step; readonly passes: boolean }[];
  /** What the caller would be answered. */
  readonly refusal?: { readonly status: number; readonly code: string; readonly message: string };
  /** Missing where no limit needs one, or it has no price. */
  readonly quote?: {
    readonly usd: string;
    readonly unitPrice: string;
    readonly rule: string;
    /** True where the input did not tell, and the rule's max was taken. */
    readonly isMax: boolean;
    readonly asOf?: string | undefined;
    readonly source?: string | undefined;
  };
  /** What it would take of which bucket, and what stands there now. Amounts of money and credits are decimal. */
  readonly buckets: readonly {
    readonly bucket: string;
    readonly scope: string;
    readonly unit: string;
    readonly needed: string;
    readonly used: string;
    readonly held: string;
    /** `"none"` for no limit. */
    readonly limit: string;
    readonly fits: boolean;
  }[];
}

/**
 * Explains one request, as the proxy would get it: with `x-fal-target-url`, and what tells who calls. The app's own
 * functions (`isAuthenticated`, guards, limits) are asked as they would be.
 *
 * @param context what the host knows besides: the address, for limits by it
 * @throws StoreUnavailable where the store has no answer
 *
 * @example
 * ```ts
 * const { refusal, quote, buckets } = await explain(fal, new Request(url, { method: "POST", headers, body }));
 * ```
 */
export async function explain(
  fal: FalProxy,
  request: Request,
  context: BesideContext = {},
): Promise<Explanation> {
  const { definition } = fal.meter;
  let quote: Explanation["quote"];
  let buckets: Explanation["buckets"] = [];
  let failure: StoreUnavailable | undefined;
  // The decision makes a refusal of every exception.
  const noted = (error: unknown): never => {
    if (error instanceof StoreUnavailable) failure = error;
    throw error;
  };
  const config = resolveConfig({
    ...fal,
    onEvent: () => {},
    meter: {
      admit: async (call, plan) => {
        let refusal = await fal.meter.ownership.admit(call).catch(noted);
        if (refusal || !call.target.paid) return refusal ?? plan;
        const now = Date.now();
        const prepared = await prepare(call, definition, now);
        if (isRefusal(prepared)) return prepared;
        if (prepared.quote) {
          const { usd, unitPrice, ...rest } = prepared.quote;
          quote = { usd: writeAmount(usd), unitPrice: writeAmount(unitPrice), ...rest };
        }
        for (const { made } of prepared.ways) {
          const found = await weigh(definition, made).catch(noted);
          buckets = found.buckets;
          const { refused } = found;
          const refusing = refused && made[refused.refused];
          // Where one purse cannot pay, the next is asked.
          refusal = refused && refusing && exhausted(refusing, refused, now);
          if (refusing?.gauge?.unit !== "credits") break;
        }
        return refusal ?? plan;
      },
    },
  });
  const call = await callBeside("explain", request, config, context);
  const decision = await decide(call);
  // What was counted for it as under way is over.
  endCall(call, "completed", false);
  if (failure) throw failure;
  const refusal = isRefusal(decision) ? decision : undefined;
  const fails = refusal && (SAYS[refusal.code] ?? "guards");
  const asked = fails === undefined ? STEPS : STEPS.slice(0, STEPS.indexOf(fails) + 1);
  return {
    steps: asked.map((step) => ({ step, passes: step !== fails })),
    ...(refusal && { refusal: shown(toAnswer(refusal, true)) }),
    ...(quote && { quote }),
    buckets,
  };
}

/** What stands in each bucket, and the first that a claim does not fit into. */
async function weigh(
  { store }: Definition,
  made: readonly Made[],
): Promise<{ buckets: Explanation["buckets"]; refused: Refused | undefined }> {
  const { buckets: seen } = await store.look({ buckets: made.map(({ claim }) => claim) });
  let refused: Refused | undefined;
  const buckets = made.map(({ claim, gauge, limit: configured }, index) => {
    const { used, held, override } = seen[index] ?? { used: 0n, held: 0n };
    const limit = override ?? (gauge?.dryRun ? undefined : configured) ?? "none";
    const fits = limit === "none" || used + claim.amount <= limit;
    if (limit !== "none" && !fits) refused ??= { refused: index, used, held, limit };
    const unit = gauge?.unit ?? "blocked";
    const write = unit === "usd" || unit === "credits" ? writeAmount : String;
    return {
      bucket: claim.bucket,
      scope: gauge?.scope ?? claim.subject,
      unit,
      needed: write(claim.amount),
      used: write(used),
      held: write(held),
      limit: limit === "none" ? limit : write(limit),
      fits,
    };
  });
  return { buckets, refused };
}

const shown = ({
  status,
  body: { code, message },
}: ReturnType<typeof toAnswer>): NonNullable<Explanation["refusal"]> => ({
  status,
  code,
  message,
});
