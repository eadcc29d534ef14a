/** Jobs belong to who submitted them: nobody else reads, follows or cancels them, or learns that they are there. */
import type { Reply } from "../call.ts";
import type { OpenCall } from "../open-call.ts";
import type { MaybePromise } from "../promise.ts";
import type { Refusal } from "../refusal.ts";
import { RANK, type Change, type Job } from "../stores/store.ts";
import type { Operation, Target } from "../target.ts";
import type { Definition } from "./definition.ts";
import { settle } from "./paid-call.ts";
import { persist } from "./persist.ts";
import { notFound } from "./refusals.ts";
import { CANCELLED, resolve } from "./resolve.ts";
import { siteOf } from "./site.ts";
import { userSubject } from "./subject.ts";
import { verdictOf } from "./verdict.ts";

/** Of how many jobs this process remembers whose they are. */
const REMEMBERED = 10_000;
/** When a job is looked at that was cancelled, or whose count may still come, in ms. */
const SOON = 60_000;

/** Who asks: the user with the tenant, or nobody. */
export const ownerOf = ({ user }: Pick<OpenCall, "user">): MaybePromise<string> =>
  user ? userSubject(user) : "";

export class Ownership {
  readonly #definition: Definition;
  /** What is known of jobs whose owner has asked. Only what can never change is relied on: whose, and of which app. */
  readonly #known = new Map<string, Job>();
  readonly #asking = new Set<string>();

  constructor(definition: Definition) {
    this.#definition = definition;
  }

  /**
   * Lets a call pass that is about no job, or about the caller's own, and learns from its reply.
   *
   * @throws StoreUnavailable where nobody can say whose it is
   */
  async admit(call: OpenCall): Promise<Refusal | undefined> {
    const requestId = call.target.requestId ?? requestIn(call.target);
    if (requestId === undefined) return undefined;
    const { ownership } = this.#definition;
    const job =
      this.#known.get(requestId) ?? (await this.#definition.store.look({ requestId })).job;
    if (ownership && !(job && isOf(job, call.target) && (await this.#mayUse(call, job)))) {
      return notFound();
    }
    if (job) {
      this.#remember(job);
      this.#learn(call, job);
    }
    return undefined;
  }

  async #mayUse(call: OpenCall, job: Job): Promise<boolean> {
    const owner = await ownerOf(call);
    if (owner !== "" && owner === job.owner) return true;
    return (await this.#definition.share?.(call, job)) === true;
  }

  #remember(job: Job): void {
    const key = job.requestId as string;
    // The one that was asked for longest ago goes first.
    this.#known.delete(key);
    if (this.#known.size >= REMEMBERED)
      this.#known.delete(this.#known.keys().next().value as string);
    this.#known.set(key, job);
  }

  /** Asks to see the reply, where it can tell something that is not known yet. */
  #learn(call: OpenCall, job: Job): void {
    const { operation } = call.target;
    if (RANK[job.state] === RANK.charged) return;
    // A reply that says nothing new is not held: it is what most polls get.
    const learn: Partial<Record<Operation, (reply: Reply) => Promise<void> | void>> = {
      result: (reply) => this.#onResult(call, job, reply),
      // 202 while it waits or runs.
      status: (reply) => (reply.status === 200 ? this.#onStatus(call, job, reply) : undefined),
      cancel: (reply) => (reply.status < 300 ? this.#onCancel(call, job, reply) : undefined),
    };
    const hook = learn[operation];
    if (hook) call.replyHooks.unshift(hook);
  }

  async #onResult(call: OpenCall, job: Job, reply: Reply): Promise<void> {
    // Only a success settles: what else it may mean is asked of fal itself.
    if (reply.status >= 300) return this.#ask(call, job);
    const verdict = verdictOf(reply);
    const notes: Change = {
      status: reply.status,
      // The count may come later than the answer.
      ...(verdict.state === "estimated" && { checkIn: SOON }),
    };
    const settled = await settle(siteOf(call), job, verdict, this.#definition, notes);
    if (settled) this.#remember(settled);
  }

  async #onStatus(call: OpenCall, job: Job, reply: Reply): Promise<void> {
    const body = (await reply.json()) as { status?: unknown } | null | undefined;
    if (body?.status === "COMPLETED") return this.#note(call, job, { free: true, checkIn: 0 });
  }

  async #onCancel(call: OpenCall, job: Job, reply: Reply): Promise<void> {
    const body = (await reply.json()) as { status?: unknown } | null | undefined;
    // It was taken out before it ran; anything else is only a request to stop.
    const isOut = body?.status === "OK";
    await this.#note(call, job, {
      checkIn: SOON,
      ...(isOut && { free: true, outcome: CANCELLED }),
    });
  }

  /** Asks fal what became of it, beside the reply; once at a time. */
  #ask(call: OpenCall, job: Job): void {
    const key = job.requestId as string;
    if (this.#asking.has(key)) return;
    this.#asking.add(key);
    const site = siteOf(call);
    const asked = resolve(site, job, this.#definition).then(() => {
      this.#asking.delete(key);
      // It may be final now: then nothing more is learnt of it.
      this.#known.delete(key);
    });
    site.goOn(asked);
  }

  /** Kept beside the reply, which does not wait for it. */
  async #note(call: OpenCall, job: Job, change: Change): Promise<void> {
    await persist(siteOf(call), () => this.#definition.store.advance(job.id, change), 0);
  }
}

/** The job that a call is about whose form the library does not know: one of a method or a path of tomorrow. */
const requestIn = ({ operation, path }: Target): string | undefined =>
  operation === "other" ? /\/requests\/([^/]+)/i.exec(path)?.[1] : undefined;

/** Whether a job is one of the app that is asked. */
function isOf({ endpoint }: Job, { app }: Target): boolean {
  return app !== undefined && (endpoint === app || endpoint.startsWith(`${app}/`));
}
