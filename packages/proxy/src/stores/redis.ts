/** State in Redis: for many processes that share one, and for edge runtimes through a REST front. */
import { digestOf } from "../digest.ts";
import { isDevelopment } from "../environment.ts";
import { Continuity } from "./continuity.ts";
import { SCRIPTS, type Script } from "./redis/scripts.ts";
import { StoreUnavailable, type NewJob, type Store, type Taken } from "./store.ts";
import { serverStore, type ServerStoreOptions } from "./server-store.ts";
import { takenOf, writtenJob, type TakeAnswer } from "./wire.ts";
import { within } from "./within.ts";

/** What is asked of a client: ioredis, node-redis, and Upstash's over REST have one of these. */
export type RedisClient =
  | { call(command: string, ...args: string[]): Promise<unknown> }
  | { sendCommand(args: string[]): Promise<unknown> }
  | {
      evalsha(sha: string, keys: string[], args: string[]): Promise<unknown>;
      eval(script: string, keys: string[], args: string[]): Promise<unknown>;
    };

export interface RedisStoreOptions extends ServerStoreOptions {
  /** What its keys begin with. @default "fal:" */
  prefix?: string;
  /**
   * Says that the server never throws out keys to make room, where it does not tell its policy itself.
   *
   * @default false
   */
  noEviction?: boolean;
}

/**
 * A store in Redis 6.2 or later. Each verb is one script and one round trip. What was acknowledged is lost with the
 * server as far as it was not written or replicated: its `appendfsync` says how much that is.
 *
 * @param client not closed by the store. Turn its offline queue off: a verb that waits there has no answer in time
 * @throws TypeError for an option that is wrong
 *
 * @example
 * ```ts
 * import { Redis } from "ioredis";
 * const store = redisStore(new Redis(process.env.REDIS_URL, { enableOfflineQueue: false }));
 * ```
 */
export function redisStore(
  client: RedisClient,
  {
    scope = "main",
    prefix = "fal:",
    timeout = 1000,
    keepDays = 90,
    noEviction = false,
    autoPrepare = isDevelopment(),
  }: RedisStoreOptions = {},
): Store & { prepare(): Promise<void> } {
  if (/[{}]/.test(prefix))
    throw new TypeError("fal proxy: redisStore's prefix must be without braces.");
  const run = runnerOf(client);
  // One tag, so that a cluster keeps all keys of a scope on one node.
  const meta = `${prefix}{${encodeURIComponent(scope)}}:meta`;
  const continuity = new Continuity();
  let safe: Promise<void> | undefined;

  async function ask(script: Script, what: object): Promise<unknown> {
    if (!noEviction) await (safe ??= checkEviction().catch(forgetCheck));
    const answer = await run(script, meta, JSON.stringify({ keepDays, ...what }));
    // Upstash's client reads JSON by itself.
    return typeof answer === "string" ? JSON.parse(answer) : answer;
  }

  async function checkEviction(): Promise<void> {
    const policy = String(await run("eviction", meta, ""));
    if (policy === "noeviction") return;
    throw new StoreUnavailable(
      "unprepared",
      policy === ""
        ? "Redis does not tell its maxmemory-policy. If it never throws out keys, say so with noEviction: true."
        : `Redis has the maxmemory-policy ${policy}: it may throw out what was spent. Set it to noeviction.`,
    );
  }
  function forgetCheck(error: unknown): never {
    safe = undefined;
    throw error;
  }

  const verb = (script: Script, what: object): Promise<unknown> =>
    within(timeout, "Redis", ask(script, what)).catch((error: unknown) => {
      if (error instanceof StoreUnavailable) throw error;
      throw new StoreUnavailable("unreachable", "Redis could not be asked.", { cause: error });
    });

  async function take(job: NewJob): Promise<Taken> {
    const before = continuity.begin();
    // What a new scope is marked by, where one may be begun.
    const begins = autoPrepare && { autoPrepare, epoch: crypto.randomUUID() };
    const what = { ...writtenJob(job), ...begins };
    const answer = (await verb("take", what)) as
      | (TakeAnswer & { readonly epoch: string; readonly seq: string })
      | { readonly unprepared: true };
    if ("unprepared" in answer) {
      throw new StoreUnavailable(
        "unprepared",
        `Redis holds nothing of the scope ${scope}. If it is new, \`npx fal-proxy migrate\` begins it; if it is not, it was lost.`,
      );
    }
    continuity.check(before, answer.epoch, BigInt(answer.seq));
    return takenOf(job, answer);
  }

  return {
    ...serverStore("redis", scope, verb, take),
    prepare: async () => void (await verb("prepare", { epoch: crypto.randomUUID() })),
  };
}

type Run = (script: Script, key: string, argument: string) => Promise<unknown>;

/** Runs a script by its digest, and tells the server what it is where that is not known. */
function runnerOf(client: RedisClient): Run {
  const command = commandOf(client);
  return async (name, key, argument) => {
    const script = SCRIPTS[name];
    try {
      return await command("EVALSHA", await shaOf(name), key, argument);
    } catch (error) {
      if (!/NOSCRIPT/.test(String((error as Error | undefined)?.message))) throw error;
      return command("EVAL", script, key, argument);
    }
  };
}

type Command = (
  name: "EVAL" | "EVALSHA",
  script: string,
  key: string,
  argument: string,
) => Promise<unknown>;

function commandOf(client: RedisClient): Command {
  // ioredis has all three, and each in its own way: `call` is the plain one.
  if ("call" in client) {
    return (name, script, key, argument) => client.call(name, script, "1", key, argument);
  }
  if ("evalsha" in client) {
    return (name, script, key, argument) =>
      name === "EVAL"
        ? client.eval(script, [key], [argument])
        : client.evalsha(script, [key], [argument]);
  }
  if ("sendCommand" in client) {
    return (name, script, key, argument) => client.sendCommand([name, script, "1", key, argument]);
  }
  throw new TypeError("fal proxy: redisStore needs a client of ioredis, redis or @upstash/redis.");
}

const digests = new Map<Script, Promise<string>>();

function shaOf(name: Script): Promise<string> {
  let digest = digests.get(name);
  if (digest === undefined) digests.set(name, (digest = digestOf("SHA-1", SCRIPTS[name])));
  return digest;
}
