/**
 * One history: people with clients that retry, two processes that may end at any moment, a sweep, a store and a fal that
 * fail, through days of virtual time. At rest the auditor compares what the app has booked with what fal has billed.
 */
import assert from "node:assert/strict";
import { createFetchHandler, type FetchHandler } from "../../src/adapters/fetch.ts";
import type { ProxyEvent } from "../../src/index.ts";
import { credits } from "../../src/limits/credits.ts";
import { defineProxy, type FalProxy } from "../../src/limits/define.ts";
import { settleDue } from "../../src/limits/sweep.ts";
import { createWebhookHandler } from "../../src/limits/webhook.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { RANK } from "../../src/stores/store.ts";
import { audit, BOUGHT, type Books } from "./audit.ts";
import { chanceFrom, type Chance } from "./chance.ts";
import { faultyStore, type Asker } from "./faulty-store.ts";
import { SimulatedFal } from "./simulated-fal.ts";
import type { VirtualTime } from "./virtual-time.ts";

const KEY = "5f0c-id:0123456789abcdef0123456789abcdef";
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const USERS = ["1", "2", "1 acme"] as const;

interface Process extends Asker {
  readonly handle: FetchHandler;
  readonly webhook: (request: Request) => Promise<Response>;
  readonly fal: FalProxy;
}

export async function playHistory(time: VirtualTime, seed: number): Promise<void> {
  const chance = chanceFrom(seed);
  const history = new History(time, chance);
  try {
    await history.play();
  } catch (error) {
    (error as Error).message = `seed ${seed}: ${(error as Error).message}`;
    throw error;
  }
}

const ownerOf = (user: string): string => {
  const [id, tenant] = user.split(" ");
  return tenant === undefined ? `user/${id}` : `user/${tenant}/${id}`;
};

class History {
  readonly #time: VirtualTime;
  readonly #chance: Chance;
  readonly #books: Books;
  readonly #processes: Process[] = [];
  #calm = false;
  readonly #unbound = new Set<string>();
  /** Who was asked for a call last, and when. */
  readonly #inHand = new Map<string, { process: Process; at: number }>();
  /** Request ids that a client was told, with the user. */
  readonly #told = new Map<string, string>();
  /** Jobs whose result the app is told of now. */
  readonly #telling = new Map<string, Asker>();
  readonly #hasWebhook: boolean;
  /** Of each user: mostly wide, and sometimes so narrow that calls are refused. */
  readonly #room: { places: number; calls: number; usd: string };
  #marks = 0;
  #failure: unknown;

  constructor(time: VirtualTime, chance: Chance) {
    this.#time = time;
    this.#chance = chance;
    this.#hasWebhook = chance.once(2);
    this.#room = {
      places: chance.pick([1, 3]),
      calls: chance.pick([2, 30]),
      usd: chance.pick(["0.2", "1"]),
    };
    this.#books = {
      store: memoryStore(),
      fal: new SimulatedFal(
        chance,
        (ms) => time.sleep(ms),
        (webhook) => this.#deliver(webhook),
      ),
      taken: new Map(),
      finals: new Map(),
      unheard: new Set(),
      keyed: new Set(),
    };
  }

  async play(): Promise<void> {
    const time = this.#time;
    const chance = this.#chance;
    const { store, fal } = this.#books;
    for (const user of USERS) {
      const [id = "", tenant] = user.split(" ");
      await store.enter({
        id: `buy ${user}`,
        purse: credits(id, tenant === undefined ? {} : { tenant }),
        amount: BOUGHT,
      });
    }
    this.#processes.push(this.#begin(), this.#begin());
    const sweeper = this.#begin();
    const began = time.now;
    const busy = chance.between(4000, 30_000);
    let rest = Infinity;
    let goesOn = true;
    void (async () => {
      while (goesOn) {
        // Each minute; once all is calm, ever more seldom.
        await time.sleep(Math.min(Math.max((time.now - rest) / 2, MINUTE), 90 * MINUTE));
        await settleDue(sweeper.fal).catch(() => {});
      }
    })();
    for (const user of USERS) {
      void this.#client(user, began + busy).catch((error: unknown) => (this.#failure ??= error));
    }
    for (let crashes = chance.below(3); crashes > 0; crashes--) {
      void time.sleep(chance.between(1000, busy)).then(() => this.#crash());
    }
    await time.until(began + busy + 12 * MINUTE);
    // From here on nothing fails, and a day passes.
    this.#calm = fal.calm = true;
    rest = time.now;
    await time.until(rest + 27 * HOUR);
    goesOn = false;
    await time.until(time.now + 91 * MINUTE);
    fal.finish();
    if (this.#failure) throw this.#failure;
    await audit(this.#books);
  }

  #begin(): Process {
    const asker: Asker = { ended: false };
    const chance = this.#chance;
    const sleep = (ms: number): Promise<void> => this.#time.sleep(ms);
    const store = faultyStore(this.#books.store, asker, chance, sleep, () => this.#calm, {
      taken: (job, answer) => {
        this.#books.taken.set(job.id, job);
        if (!("ok" in answer)) return;
        for (const [index, { limit, bucket }] of job.claims.entries()) {
          const used = answer.buckets[index]?.used ?? 0n;
          if (limit === undefined || used <= limit) continue;
          this.#failure ??= new Error(`${bucket}: ${used} above ${limit}`);
        }
      },
      advanced: (id, { state }, won) => {
        if (won && state !== undefined && RANK[state] === RANK.charged)
          this.#books.finals.set(id, (this.#books.finals.get(id) ?? 0) + 1);
      },
    });
    const fetch = async (...args: Parameters<typeof globalThis.fetch>): Promise<Response> => {
      if (asker.ended) return new Promise(() => {});
      const answer = await this.#books.fal.fetch(...args);
      return asker.ended ? new Promise(() => {}) : answer;
    };
    const fal = defineProxy({
      isAuthenticated: (call) => {
        const [id = "", tenant] = (call.getHeader("x-user") ?? "").split(" ");
        return { id, ...(tenant !== undefined && { tenant }) };
      },
      resolveFalAuth: () => KEY,
      accounts: { main: () => KEY },
      store,
      prices: { "fal-ai/any/**": { flat: 1, usd: "0.1" } },
      limits: {
        user: {
          inFlight: this.#room.places,
          calls: { day: this.#room.calls },
          usd: { day: "1.5", "10m": this.#room.usd },
        },
        all: { usd: { ever: 4 } },
      },
      credits: { acceptLoss: true, cost: 1 },
      onEvent: (event) => this.#hear(event),
      fetch,
      ...(this.#hasWebhook && { webhookUrl: "https://app.example/api/fal/webhook" }),
    });
    const webhook = createWebhookHandler(fal, {
      onResult: async ({ jobId, owner, requestId }) => {
        // A process that has ended is telling nobody.
        if (asker.ended) return await new Promise<never>(() => {});
        if (this.#telling.has(jobId))
          this.#failure ??= new Error(`${requestId} is told twice at a time`);
        const user = this.#told.get(requestId);
        if (user !== undefined && owner !== ownerOf(user))
          this.#failure ??= new Error(`${requestId} of ${user} is told to ${owner}`);
        this.#telling.set(jobId, asker);
        await sleep(chance.between(1, 400));
        if (!asker.ended) this.#telling.delete(jobId);
        if (chance.once(8)) throw new Error("the app's own trouble");
      },
    });
    return Object.assign(asker, { fal, webhook, handle: createFetchHandler(fal) });
  }

  /** To one of the processes, which may end with it. */
  async #deliver(request: Request): Promise<Response | undefined> {
    const process = this.#chance.pick(this.#processes);
    const gone = this.#time.sleep(60_000).then(() => undefined);
    return Promise.race([process.webhook(request), gone]);
  }

  #hear(event: ProxyEvent): void {
    if (event.type === "unbound") this.#unbound.add(event.jobId);
    if (event.type === "fault" && !event.error.includes("the app's own trouble"))
      this.#failure ??= new Error(JSON.stringify(event));
  }

  /** A process ends in the middle of everything, and another one takes its place. */
  #crash(): void {
    const at = this.#chance.below(2);
    const process = this.#processes[at] as Process;
    process.ended = true;
    // What it was telling, nobody tells any more.
    for (const [jobId, teller] of this.#telling)
      if (teller === process) this.#telling.delete(jobId);
    for (const [mark, holder] of this.#inHand)
      if (holder.process === process && this.#time.now - holder.at < 11 * MINUTE)
        this.#books.unheard.add(mark);
    this.#processes[at] = this.#begin();
  }

  async #client(user: string, end: number): Promise<void> {
    const chance = this.#chance;
    for (let calls = chance.between(1, 3); calls > 0 && this.#time.now < end; calls--) {
      await this.#time.sleep(chance.between(1, 9000));
      const mark = String(this.#marks++);
      if (chance.once(3)) await this.#run(user, mark);
      else await this.#job(user, mark);
      if (chance.once(4)) await this.#snoop(user);
    }
  }

  /** Asks one of the processes, as a browser would: it gives up, or leaves. */
  async #ask(
    user: string,
    method: string,
    url: string,
    mark?: string,
    headers: Record<string, string> = {},
  ): Promise<Response | undefined> {
    const chance = this.#chance;
    const process = chance.pick(this.#processes);
    if (mark !== undefined) this.#inHand.set(mark, { process, at: this.#time.now });
    const leaving = new AbortController();
    const request = new Request("http://app.example/api/fal/proxy", {
      method,
      headers: {
        "x-user": user,
        "x-fal-target-url": url,
        "content-type": "application/json",
        ...headers,
      },
      ...(method === "POST" && { body: '{"prompt":"a cat"}' }),
      signal: leaving.signal,
    });
    const patience = !this.#calm && chance.once(12) ? chance.between(1, 3000) : 120_000;
    let isAnswered = false;
    const gone = this.#time.sleep(patience).then(() => {
      leaving.abort();
      if (mark !== undefined && !isAnswered) this.#books.unheard.add(mark);
      return undefined;
    });
    const answer = await Promise.race([process.handle(request), gone]);
    isAnswered = answer !== undefined;
    return answer;
  }

  /** As fal's client does: 429, 502, 503 and 504 are asked again, a broken connection is as well. */
  async #persist(user: string, url: string, mark: string): Promise<Response | undefined> {
    const keyed = this.#chance.once(2);
    if (keyed) this.#books.keyed.add(mark);
    const headers: Record<string, string> = keyed ? { "idempotency-key": mark } : {};
    for (let tries = 0; ; tries++) {
      const answer = await this.#ask(user, "POST", url, mark, headers);
      const again = answer === undefined || [429, 502, 503, 504].includes(answer.status);
      if (!again || tries === 3) return answer;
      await this.#time.sleep(1000 * 2 ** tries);
    }
  }

  async #run(user: string, mark: string): Promise<void> {
    const answer = await this.#persist(user, `https://fal.run/fal-ai/any/${mark}`, mark);
    await answer?.text().catch(() => {});
  }

  async #job(user: string, mark: string): Promise<void> {
    const chance = this.#chance;
    const submitted = await this.#persist(user, `https://queue.fal.run/fal-ai/any/${mark}`, mark);
    if (submitted?.status !== 200) return void (await submitted?.text().catch(() => {}));
    const { request_id: id } = (await submitted.json()) as { request_id: string };
    this.#told.set(id, user);
    const path = `https://queue.fal.run/fal-ai/any/requests/${id}`;
    // Some never ask again.
    if (chance.once(4)) return;
    for (let polls = chance.between(1, 8); polls > 0; polls--) {
      const status = await this.#own(user, "GET", `${path}/status`, mark);
      if (status === 200) break;
      if (chance.once(12)) await this.#own(user, "PUT", `${path}/cancel`, mark);
      await this.#time.sleep(chance.pick([500, 5000, 120_000]));
    }
    for (let reads = chance.below(3); reads > 0; reads--) {
      await this.#own(user, "GET", path, mark);
      await this.#time.sleep(chance.pick([100, 60_000]));
    }
  }

  /** Its owner is never told that a job is not his, once it is bound. @returns the status */
  async #own(user: string, method: string, url: string, mark: string): Promise<number | undefined> {
    const [, requestId] = /requests\/([^/]+)/.exec(url) ?? [];
    const isBound = (await this.#books.store.look({ requestId })).job !== undefined;
    const answer = await this.#ask(user, method, url, mark);
    const text = await answer?.text().catch(() => "");
    const isRefused = answer?.status === 404 && text?.includes('"not_found"');
    assert.ok(!isRefused || !isBound, `${user} is told that ${url} is not his`);
    assert.ok(isBound || this.#unbound.size > 0, `${url} was told to ${user} before it was his`);
    return answer?.status;
  }

  /** Nobody else is told anything else. */
  async #snoop(user: string): Promise<void> {
    const others = [...this.#told].filter(([, owner]) => owner !== user);
    if (others.length === 0) return;
    const [id] = this.#chance.pick(others);
    const answer = await this.#ask(
      user,
      this.#chance.pick(["GET", "PUT", "DELETE"]),
      `https://queue.fal.run/fal-ai/any/requests/${id}${this.#chance.pick(["", "/status", "/cancel"])}`,
    );
    if (answer === undefined) return;
    await answer.text().catch(() => {});
    assert.ok(
      [404, 503, 405].includes(answer.status),
      `${user} was answered ${answer.status} about a job of ${this.#told.get(id)}`,
    );
  }
}
