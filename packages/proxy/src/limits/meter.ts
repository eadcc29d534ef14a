/** The meter of a proxy: what a call may use is taken from the store in one step, before anything is sent. */
import type { Meter, Replay } from "../meter.ts";
import { writeAmount } from "../money/amount.ts";
import type { Quote } from "../money/quote.ts";
import type { OpenCall } from "../open-call.ts";
import type { Plan } from "../plan.ts";
import { isRefusal, type Refusal } from "../refusal.ts";
import { StoreUnavailable, type NewJob, type Taken } from "../stores/store.ts";
import type { Made } from "./claims.ts";
import type { Definition } from "./definition.ts";
import { hasIdentity, identityOf, mismatch, replayOf } from "./idempotency.ts";
import { Ownership, ownerOf } from "./ownership.ts";
import { follow, tellMetered, type Known } from "./paid-call.ts";
import { persist } from "./persist.ts";
import { prepare, type Way } from "./prepare.ts";
import { writeTag } from "./price-tag.ts";
import { quotaHeaders } from "./quota-headers.ts";
import { exhausted, unavailable } from "./refusals.ts";
import { siteOf, tellTrouble } from "./site.ts";

/** Until a job whose call has ended in silence is looked at, in ms: longer than any call takes. */
const UNHEARD = 3_900_000;

/** A meter, and what the functions beside it ask. */
export interface FalMeter extends Meter {
  readonly definition: Definition;
  readonly ownership: Ownership;
}

export function createMeter(definition: Definition): FalMeter {
  const ownership = new Ownership(definition);
  return {
    definition,
    ownership,
    async admit(call, plan) {
      try {
        return await admit(call, plan, ownership, definition);
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        tellTrouble(siteOf(call), error);
        return unavailable(error);
      }
    },
  };
}

async function admit(
  call: OpenCall,
  plan: Plan,
  ownership: Ownership,
  definition: Definition,
): Promise<Plan | Replay | Refusal> {
  const { paid, operation } = call.target;
  const refusal = await ownership.admit(call);
  if (refusal) return refusal;
  if (!paid) return plan;
  let answer: Replay | Refusal | undefined;
  try {
    answer = await pay(call, definition);
  } catch (error) {
    if (!isAway(error) || !mayPassUncounted(call, definition)) throw error;
    tellTrouble(siteOf(call), error);
  }
  return answer ?? (operation === "submit" ? withWebhook(plan, definition) : plan);
}

/** Whether the store had no answer, and not one that nothing may pass by. */
const isAway = (error: unknown): error is StoreUnavailable =>
  error instanceof StoreUnavailable && ["timeout", "unreachable"].includes(error.trouble);

/** Where all that it would be counted by is calls, and may fail open. */
function mayPassUncounted(call: OpenCall, { gauges, purses, ownership }: Definition): boolean {
  const { endpoint = "", operation } = call.target;
  const own = gauges.filter(({ matches }) => matches(endpoint));
  return (
    own.length > 0 &&
    own.every(({ failOpen }) => failOpen) &&
    purses.length === 0 &&
    // A job that nobody owns could not be asked for.
    !(operation === "submit" && ownership) &&
    !hasIdentity(call)
  );
}

/** fal tells the app's own route of the job's end. A caller's is not there: `webhooks` denies it. */
function withWebhook(plan: Plan, { webhookUrl }: Definition): Plan {
  if (webhookUrl === undefined) return plan;
  const more = `fal_webhook=${encodeURIComponent(webhookUrl)}`;
  return { ...plan, path: `${plan.path}${plan.path.includes("?") ? "&" : "?"}${more}` };
}

async function pay(call: OpenCall, definition: Definition): Promise<Replay | Refusal | undefined> {
  const now = Date.now();
  const prepared = await prepare(call, definition, now);
  if (isRefusal(prepared)) return prepared;
  const { endpoint, quote, ways } = prepared;
  const owner = await ownerOf(call);
  const identity = await identityOf(call, owner);
  if (isRefusal(identity)) return identity;
  const first = await takeAnyWay(call, owner, ways, quote, identity, definition);
  if ("kind" in first) return first;
  const { job, taken, made } = first;
  if ("refused" in taken) {
    const refusing = made[taken.refused] as Made;
    call.quota = quotaHeaders([refusing], [taken], now);
    tellLimit(call, refusing, taken.limit, taken.used, false);
    return exhausted(refusing, taken, now);
  }
  const stands = taken.buckets;
  if (stands.length > 0) call.quota = quotaHeaders(made, stands, now);
  for (const [index, one] of made.entries()) {
    const used = stands[index]?.used ?? 0n;
    if (one.gauge?.dryRun && one.limit !== undefined && used > one.limit) {
      tellLimit(call, one, one.limit, used - one.claim.amount, true);
    }
  }
  const known: Known = {
    id: job.id,
    price: job.price,
    endpoint,
    bookings: made.map(({ claim: { bucket, kind, amount } }) => ({
      bucket,
      kind,
      amount,
      booked: amount,
    })),
  };
  const site = siteOf(call);
  tellMetered(site, known, "open");
  follow(call, site, known, definition);
  return undefined;
}

function jobOf(
  call: OpenCall,
  owner: string,
  { made, purse }: Way,
  quote: Quote | undefined,
  identity: Pick<NewJob, "dedupe" | "hash">,
): NewJob {
  const { endpoint = "", operation } = call.target;
  return {
    ...identity,
    id: crypto.randomUUID(),
    owner,
    account: "main",
    endpoint,
    operation,
    claims: made.map(({ claim }) => claim),
    price: writeTag(
      made.map(({ gauge }) => gauge?.unit ?? null),
      quote,
      purse,
    ),
    checkIn: UNHEARD,
  };
}

/** By the first purse that can pay. What was refused has changed nothing. */
async function takeAnyWay(
  call: OpenCall,
  owner: string,
  ways: readonly Way[],
  quote: Quote | undefined,
  identity: Pick<NewJob, "dedupe" | "hash">,
  definition: Definition,
): Promise<{ job: NewJob; taken: Fresh; made: readonly Made[] } | Replay | Refusal> {
  for (const [index, way] of ways.entries()) {
    const newJob = (): NewJob => jobOf(call, owner, way, quote, identity);
    const first = await takeOnce(call, newJob, definition);
    if ("kind" in first) return first;
    const { taken } = first;
    const isEmpty = "refused" in taken && way.made[taken.refused]?.gauge?.unit === "credits";
    if (!isEmpty || index === ways.length - 1) return { ...first, made: way.made };
  }
  throw new Error("no way to pay");
}

/** A call that was made before takes nothing again. */
async function takeOnce(
  call: OpenCall,
  newJob: () => NewJob,
  definition: Definition,
): Promise<{ job: NewJob; taken: Fresh } | Replay | Refusal> {
  for (;;) {
    const job = newJob();
    const taken = await take(call, job, definition);
    if ("conflict" in taken) return mismatch();
    // Its own job, whose answer was lost, counts as taken.
    if (!("replay" in taken)) return { job, taken };
    if (taken.replay.id === job.id) {
      if (taken.replay.state !== "open")
        throw new StoreUnavailable("timeout", "it was called off.");
      return { job, taken: { ok: true, buckets: [] } };
    }
    const answer = await replayOf(taken.replay, definition.store);
    if (answer !== "again") return answer;
  }
}

type Fresh = Extract<Taken, { ok: true } | { refused: number }>;

/**
 * Takes, once more where the answer was lost: the id is the same, so it counts once. Where that is lost too, the call
 * does not pass, and is called off until that is heard.
 */
async function take(call: OpenCall, job: NewJob, { store }: Definition): Promise<Taken> {
  for (let tries = 0; ; tries++) {
    try {
      return await store.take(job);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      if (isAway(error) && tries === 0) continue;
      if (isAway(error))
        void persist(siteOf(call), () => store.advance(job.id, { state: "void" }), 0);
      throw error;
    }
  }
}

function tellLimit(
  call: OpenCall,
  { gauge, claim }: Made,
  limit: bigint,
  used: bigint,
  dryRun: boolean,
): void {
  const { scope, unit, per } = gauge ?? { scope: claim.subject, unit: "blocked", per: "" };
  const write = unit === "usd" || unit === "credits" ? writeAmount : String;
  siteOf(call).tell({
    type: "limited",
    scope,
    unit,
    per,
    dryRun,
    limit: write(limit),
    used: write(used),
    needed: write(claim.amount),
  });
}
