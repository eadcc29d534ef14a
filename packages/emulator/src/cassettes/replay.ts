/** Answers from cassettes, and from nothing else. */
import { createHash } from "node:crypto";
import { type Answer, json } from "../answer.ts";
import type { Exchange } from "../exchange.ts";
import { createKeys } from "../keys.ts";
import { unknownHost } from "../server.ts";
import { createStorage, type Storage } from "../storage.ts";
import { createTokens } from "../tokens.ts";
import { classify, inputOf, type CallKind } from "./calls.ts";
import {
  Cassettes,
  type Endpoint,
  type KeptCall,
  type KeptJob,
  type KeptReply,
} from "./cassette.ts";
import { canonical, differences, sortedQuery } from "./compare.ts";
import { bodyName, createFileUrls, keptIn, keptName, typeOf } from "./file-urls.ts";
import { createScrub } from "./scrub.ts";
import { type CassetteServer, serve } from "./serve.ts";

export interface PlayerOptions {
  /** Where the cassettes are. */
  readonly folder: string;
  /** @default 0, any free port */
  readonly port?: number;
  /** Told of each call that was not recorded, in words. */
  readonly onMismatch?: (message: string) => void;
}

/**
 * Starts a player: every key is accepted, nothing goes out, and a call that was not recorded is a 404
 * that says what differs from the nearest one.
 *
 * @throws Error when the folder has no cassettes or a damaged one, or the port is taken
 */
export async function createPlayer(options: PlayerOptions): Promise<CassetteServer> {
  const { folder, port = 0, onMismatch = () => {} } = options;
  const cassettes = await Cassettes.open(folder, false);
  let url = "";
  const storage = createStorage({
    base: () => `${url}/v3.fal.media`,
    tokens: createTokens(),
    keys: createKeys(["any:key"]),
  });
  const playing = new Playing(cassettes, storage, () => url, onMismatch);
  const server = await serve(
    port,
    (exchange) => playing.handle(exchange),
    () => storage.reset(),
  );
  url = server.url;
  return server;
}

/** A job as it is played: how far its caller has seen it. */
interface PlayedJob {
  readonly job: KeptJob;
  seen: number;
}

class Playing {
  readonly #cassettes: Cassettes;
  readonly #storage: Storage;
  readonly #urls: ReturnType<typeof createFileUrls>;
  readonly #scrub = createScrub([]);
  readonly #onMismatch: (message: string) => void;
  readonly #jobs = new Map<string, PlayedJob>();
  /** How many times each call was answered. */
  readonly #turns = new Map<string, number>();
  /** Where each kept file is served. */
  readonly #files = new Map<string, Promise<string>>();

  constructor(
    cassettes: Cassettes,
    storage: Storage,
    here: () => string,
    onMismatch: (message: string) => void,
  ) {
    this.#cassettes = cassettes;
    this.#storage = storage;
    this.#urls = createFileUrls(here, undefined);
    this.#onMismatch = onMismatch;
  }

  async handle(exchange: Exchange): Promise<Answer> {
    const call = classify(exchange);
    if (call === undefined) return unknownHost(exchange.host);
    if (call.kind === "files") {
      return exchange.segments[0] === "storage"
        ? this.#storage.rest(exchange)
        : this.#storage.cdn(exchange);
    }
    if ("requestId" in call) return this.#follow(call);
    const endpoint = this.#cassettes.endpoint(call.name);
    const query = this.#scrub(sortedQuery(exchange.query));
    const input = await this.#keptInput(inputOf(await exchange.bytes()));
    const wanted = canonical([query, input]);
    if (call.kind === "submit") {
      const job = this.#next(call.name, wanted, endpoint.jobs);
      if (job) {
        this.#jobs.set(job.requestId, { job, seen: 0 });
        return this.#answer(job.submitted);
      }
    }
    const { method } = exchange;
    const found = this.#next(
      `${method} ${call.name}`,
      wanted,
      endpoint.calls.filter((one) => one.method === method),
    );
    return found ? this.#answer(found.reply) : this.#mismatch(call.name, endpoint, query, input);
  }

  /** The recorded calls like this one in their order, the last one again and again. */
  #next<Call extends KeptCall | KeptJob>(
    name: string,
    wanted: string,
    calls: readonly Call[],
  ): Call | undefined {
    const same = calls.filter(({ query, input }) => canonical([query, input]) === wanted);
    const key = `${name} ${wanted}`;
    const turn = this.#turns.get(key) ?? 0;
    this.#turns.set(key, turn + 1);
    return same[Math.min(turn, same.length - 1)];
  }

  /** What is asked of a job that was submitted here. */
  #follow(call: Extract<CallKind, { requestId: string }>): Answer | Promise<Answer> {
    const played = this.#jobs.get(call.requestId);
    if (!played) return json(404, { status: "NOT_FOUND" });
    const { job } = played;
    const { states } = job;
    if (call.kind === "cancel" && job.cancelled) return this.#answer(job.cancelled);
    if (call.kind === "result" && job.result) return this.#answer(job.result);
    if (call.kind === "status" || call.kind === "statusStream") {
      const rest = states.slice(played.seen);
      const left = rest.length > 0 ? rest : states.slice(-1);
      if (left.length > 0 && call.kind === "status") {
        played.seen = Math.min(played.seen + 1, states.length);
        return this.#status(left[0]);
      }
      if (left.length > 0) {
        played.seen = states.length;
        const events = left.map((state) => `data: ${JSON.stringify(state)}\n\n`);
        return this.#answer({ status: 200, headers: EVENT_STREAM, events });
      }
    }
    return this.#unknown(`The ${call.kind} of request ${call.requestId} was not recorded.`);
  }

  async #status(state: unknown): Promise<Answer> {
    const { status } = state as { status?: unknown };
    return json(status === "COMPLETED" ? 200 : 202, await this.#served(state));
  }

  async #answer({ status, headers, json: value, events, file }: KeptReply): Promise<Answer> {
    const list = Object.entries(headers);
    if (file !== undefined) {
      return { status, headers: list, body: await this.#cassettes.bytes(file) };
    }
    if (events) {
      const served = (await this.#served(events)) as string[];
      return { status, headers: list, body: each(served) };
    }
    const body = value === undefined ? "" : JSON.stringify(await this.#served(value));
    return { status, headers: list, body };
  }

  /** A kept value with each file at the URL where it is served. */
  async #served(value: unknown): Promise<unknown> {
    let text = JSON.stringify(value);
    for (const kept of new Set(keptIn(text))) {
      let url = this.#files.get(kept);
      if (!url) this.#files.set(kept, (url = this.#serve(bodyName(kept))));
      text = text.replaceAll(kept, await url);
    }
    return JSON.parse(text) as unknown;
  }

  async #serve(name: string): Promise<string> {
    return this.#storage.store(await this.#cassettes.bytes(name), typeOf(name), name);
  }

  /** An input as a cassette has it: files by their content, secrets scrubbed. */
  async #keptInput(value: unknown): Promise<unknown> {
    const named = await this.#urls.replaceEach(value, async (url) => {
      const response = await fetch(url);
      const hash = createHash("sha256").update(Buffer.from(await response.arrayBuffer()));
      return keptName(hash.digest("hex"));
    });
    return named === undefined
      ? undefined
      : (JSON.parse(this.#scrub(JSON.stringify(named))) as unknown);
  }

  #mismatch(name: string, endpoint: Endpoint, query: string, input: unknown): Answer {
    const sent = { query, input };
    const kept = [...endpoint.jobs, ...endpoint.calls];
    if (kept.length === 0) {
      return this.#unknown(
        `${name} was never recorded. The cassettes have ${this.#cassettes.names().join(", ") || "nothing"}.`,
      );
    }
    const nearest = kept
      .map((one) => differences({ query: one.query, input: one.input }, sent))
      .toSorted((a, b) => a.length - b.length)[0] as string[];
    return this.#unknown(
      `${name} was not recorded with this input. The nearest call differs in ${nearest.join("; ")}.`,
    );
  }

  /** A 404, which fal's clients do not repeat. */
  #unknown(message: string): Answer {
    this.#onMismatch(message);
    return json(404, { detail: message, error_type: "not_recorded" }, [
      ["x-fal-error-type", "not_recorded"],
    ]);
  }
}

const EVENT_STREAM = { "content-type": "text/event-stream; charset=utf-8" };

async function* each(events: readonly string[]): AsyncGenerator<string> {
  yield* events;
}
