/** A fal that keeps its bill, and fails in every way that is known of it: before and after it has done something. */
import type { Chance } from "./chance.ts";
import { KEYS, lieOf, tellOf, type Deliver } from "./simulated-webhooks.ts";

/** What one unit costs, in billionths of USD: calls are quoted at one unit. */
export const UNIT_PRICE = 100_000_000n;

/** Something that fal may bill: a run, or a job. */
export interface Work {
  /** Which call it was for: the last part of the endpoint. A retry has the same. */
  readonly mark: string;
  readonly kind: "run" | "submit";
  /** What fal bills for it: known to it alone until it is told. */
  bill: bigint;
  /** Whether fal's count was told with what it billed, in an answer that went out whole. */
  told: boolean;
  /** Of a job. */
  requestId?: string;
}

interface QueuedJob {
  readonly work: Work;
  readonly starts: number;
  readonly ends: number;
  readonly failure: "none" | "422 free" | "422 silent" | "422 billed" | "500";
  /** From when on its answer says the count; Infinity for never. */
  readonly unitsFrom: number;
  readonly expires: number;
  state: "alive" | "out" | "stopped";
}

const HOUR = 3_600_000;

export class SimulatedFal {
  readonly works: Work[] = [];
  readonly #jobs = new Map<string, QueuedJob>();
  readonly #chance: Chance;
  readonly #sleep: (ms: number) => Promise<void>;
  readonly #deliver: Deliver;
  /** Whether anything fails. */
  calm = false;

  constructor(chance: Chance, sleep: (ms: number) => Promise<void>, deliver: Deliver) {
    this.#chance = chance;
    this.#sleep = sleep;
    this.#deliver = deliver;
  }

  /** In the place of `fetch`. */
  readonly fetch = async (
    given: string | URL | Request,
    init: RequestInit = {},
  ): Promise<Response> => {
    const url = new URL(String(given instanceof Request ? given.url : given));
    const chance = this.#chance;
    await this.#sleep(chance.between(1, 40));
    if (this.#fails(25)) throw new TypeError("not delivered");
    const answer = await this.#answer(url, init);
    if (this.#fails(25)) throw new TypeError("answer lost");
    if (this.#fails(40)) return reply(502, {}, {});
    await this.#sleep(chance.between(1, 40));
    answer.sent?.();
    return answer.response;
  };

  #fails(of: number): boolean {
    return !this.calm && this.#chance.once(of);
  }

  async #answer(url: URL, init: RequestInit): Promise<Answer> {
    if (url.pathname === "/.well-known/jwks.json") return { response: reply(200, KEYS, {}) };
    const [, requestId, action] = /\/requests\/([^/]+)(?:\/(\w+))?$/.exec(url.pathname) ?? [];
    if (requestId !== undefined) return this.#ofJob(requestId, action);
    const mark = url.pathname.split("/").at(-1) as string;
    return url.hostname === "queue.fal.run"
      ? this.#submit(mark, url.searchParams.has("fal_webhook"))
      : this.#run(mark, init.signal);
  }

  #units(): { bill: bigint; text: string } {
    // In thousandths, as fal writes them; never above what was quoted.
    const thousandths = this.#chance.pick([1000, 1000, 500, 1, 999]);
    return {
      bill: (UNIT_PRICE * BigInt(thousandths)) / 1000n,
      text: (thousandths / 1000).toFixed(3),
    };
  }

  async #run(mark: string, signal: AbortSignal | null | undefined): Promise<Answer> {
    const chance = this.#chance;
    const work: Work = { mark, kind: "run", bill: 0n, told: false };
    this.works.push(work);
    const id = `run-${this.works.length}`;
    if (this.#fails(15)) return { response: reply(chance.pick([401, 403, 404, 429]), {}, {}) };
    await this.#sleep(chance.between(10, 3000));
    const { bill, text } = this.#units();
    if (signal?.aborted) {
      // It may have been stopped in time.
      if (chance.once(2)) work.bill = bill;
      return { response: reply(499, {}, {}) };
    }
    if (this.#fails(15)) return { response: reply(500, {}, { "x-fal-request-id": id }) };
    if (this.#fails(15)) {
      return chance.pick<() => Answer>([
        () => ({
          response: reply(422, {}, { "x-fal-request-id": id, "x-fal-billable-units": "0" }),
          sent: () => (work.told = true),
        }),
        () => (
          (work.bill = chance.pick([0n, bill])),
          { response: reply(422, {}, { "x-fal-request-id": id }) }
        ),
        () => (
          (work.bill = bill),
          {
            response: reply(422, {}, { "x-fal-request-id": id, "x-fal-billable-units": text }),
            sent: () => (work.told = true),
          }
        ),
      ])();
    }
    work.bill = bill;
    if (this.#fails(10)) return { response: reply(200, {}, { "x-fal-request-id": id }) };
    return {
      response: reply(200, {}, { "x-fal-request-id": id, "x-fal-billable-units": text }),
      sent: () => (work.told = true),
    };
  }

  #submit(mark: string, hasWebhook: boolean): Answer {
    const chance = this.#chance;
    if (this.#fails(15)) {
      return {
        response: chance.pick([
          () => reply(422, {}, { "x-fal-request-id": "r", "x-fal-billable-units": "0" }),
          () => reply(429, {}, {}),
          () => reply(500, {}, { "x-fal-request-id": "r" }),
        ])(),
      };
    }
    const requestId = `r-${this.works.length}`;
    const work: Work = { mark, kind: "submit", bill: 0n, told: false, requestId };
    this.works.push(work);
    const starts = Date.now() + chance.pick([0, 500, 20_000, 300_000]);
    const ends = starts + chance.pick([300, 5000, 60_000, 1_200_000]);
    const failure = this.calm
      ? "none"
      : chance.pick([
          "none",
          "none",
          "none",
          "none",
          "422 free",
          "422 silent",
          "422 billed",
          "500",
        ] as const);
    this.#jobs.set(requestId, {
      work,
      starts,
      ends,
      failure,
      unitsFrom: chance.pick([0, 0, 0, ends + 240_000, Infinity]),
      expires: ends + chance.pick([360_000, HOUR]),
      state: "alive",
    });
    if (hasWebhook) void this.#tell(requestId, ends);
    return { response: reply(200, { status: "IN_QUEUE", request_id: requestId }, {}) };
  }

  async #tell(requestId: string, ends: number): Promise<void> {
    if (this.#chance.once(4)) {
      await this.#sleep(this.#chance.between(1, 30_000));
      await lieOf(requestId, this.#deliver);
    }
    await this.#sleep(Math.max(0, ends - Date.now()));
    // A job that was called off has no end to tell of.
    if (this.#jobs.get(requestId)?.state === "out") return;
    await tellOf(requestId, this.#chance, this.#sleep, this.#deliver);
  }

  #ofJob(requestId: string, action: string | undefined): Answer {
    const job = this.#jobs.get(requestId);
    const id = { "x-fal-request-id": requestId };
    const now = Date.now();
    if (job === undefined || job.state === "out")
      return { response: reply(404, { status: "NOT_FOUND" }, id) };
    if (action === "cancel") return { response: this.#cancel(job, now) };
    if (now < job.ends) {
      const status = now < job.starts ? "IN_QUEUE" : "IN_PROGRESS";
      return {
        response:
          action === "status"
            ? reply(202, { status, request_id: requestId }, {})
            : reply(400, { detail: "Request is still in progress" }, id),
      };
    }
    this.#bill(job);
    if (now > job.expires) return { response: reply(404, { status: "NOT_FOUND" }, id) };
    if (action === "status")
      return { response: reply(200, { status: "COMPLETED", request_id: requestId }, {}) };
    const counts = now >= job.unitsFrom;
    const told = (): unknown => (job.work.told ||= counts);
    const units = counts ? { "x-fal-billable-units": textOf(job.work.bill) } : {};
    // What is no success is asked for again before it is believed, and may be gone by then.
    switch (job.state === "stopped" ? "stopped" : job.failure) {
      case "stopped":
        return { response: reply(499, {}, { ...id, ...units }) };
      case "422 free":
        return { response: reply(422, {}, { ...id, "x-fal-billable-units": "0" }) };
      case "422 silent":
        return { response: reply(422, {}, id) };
      case "422 billed":
        return { response: reply(422, {}, { ...id, ...units }) };
      case "500":
        return { response: reply(500, {}, id) };
      default:
        return { response: reply(200, { images: [] }, { ...id, ...units }), sent: told };
    }
  }

  #cancel(job: QueuedJob, now: number): Response {
    if (now >= job.ends) return reply(400, { status: "ALREADY_COMPLETED" }, {});
    if (now < job.starts) {
      job.state = "out";
      return reply(200, { status: "OK" }, {});
    }
    // Most apps do not listen.
    if (this.#chance.once(2)) job.state = "stopped";
    return reply(202, { status: "CANCELLATION_REQUESTED" }, {});
  }

  #bill(job: QueuedJob): void {
    if (
      job.work.bill !== 0n ||
      job.state === "out" ||
      job.failure === "422 free" ||
      job.failure === "500"
    )
      return;
    job.work.bill = billOf(job.work);
  }

  /** Ends all jobs, as they would end by themselves. */
  finish(): void {
    for (const job of this.#jobs.values()) this.#bill(job);
  }
}

interface Answer {
  readonly response: Response;
  /** It went out whole. */
  readonly sent?: () => unknown;
}

/** Of a job, by its mark, so that it is the same whenever it is asked for. */
const billOf = ({ mark }: Work): bigint =>
  (UNIT_PRICE * BigInt([1000, 500, 999, 1][Number(mark) % 4] as number)) / 1000n;
const textOf = (bill: bigint): string => (Number((bill * 1000n) / UNIT_PRICE) / 1000).toFixed(3);

const reply = (status: number, body: object, headers: Record<string, string>): Response =>
  new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json", ...headers },
  });
