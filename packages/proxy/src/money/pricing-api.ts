/**
 * fal's list prices, as its pricing API gives them (pricing facts, sections 1 and 8.6): asked for beside the calls,
 * never within one, and kept while fal cannot be asked.
 */
import { keyFromEnv, toAuthorization } from "../credentials.ts";
import { placeOf } from "../plan.ts";
import { describeError, print } from "../print.ts";
import { isRefusal } from "../refusal.ts";
import { readAmount, writeAmount } from "./amount.ts";

/** What fal lists for an endpoint. */
export interface ListedPrice {
  /** Nano-dollars for a unit. */
  readonly usd: bigint;
  /** Lower case, without white space around. */
  readonly unit: string;
  /** When fal said so, in ms since 1970. */
  readonly at: number;
}

/** Something about prices that its operator should look at. */
export interface PriceAlarm {
  /**
   * `unreachable`: the API could not be asked, and what is known is kept. `dropped`: a listed price fell by more than
   * half, and the one before is kept. `differs`: fal lists another price for a unit than a rule of the app's does.
   */
  readonly kind: "unreachable" | "dropped" | "differs";
  readonly endpoint?: string;
  /** One line in plain words, without keys. */
  readonly message: string;
}

export interface PriceListOptions {
  /**
   * The fal key that the list is read with; any key will do. A function is asked before each reading.
   *
   * @default the environment, as for calls
   */
  key?: string | (() => string | undefined | Promise<string | undefined>);
  /** @default the runtime's */
  fetch?: typeof fetch;
  /** How long a price counts as fresh, in ms, give or take a half. @default 12 hours */
  freshFor?: number;
  /** How long a price is used while fal cannot be asked, in ms. @default 7 days */
  keptFor?: number;
  /** Takes prices that fell by more than half; they can be a placeholder. @default false */
  acceptDrops?: boolean;
  /** Told once of each. @default a line on stderr */
  onAlarm?: (alarm: PriceAlarm) => unknown;
  /** Where the last good list is kept between processes: a file, a key-value store. */
  archive?: PriceArchive;
}

/** Keeps one text. */
export interface PriceArchive {
  load(): string | undefined | Promise<string | undefined>;
  save(text: string): unknown;
}

/** fal's list, as far as it was asked for. */
export interface PriceList {
  /** What is known now. What is not, or no longer fresh, is asked for meanwhile. */
  find(endpoint: string): ListedPrice | undefined;
  /** Settles when what was asked for is there, or cannot be had for now. Never rejects. */
  settled(): Promise<void>;
  /** Tells the operator. Once for each message. */
  alarm(alarm: PriceAlarm): void;
}

const HOUR = 3_600_000;
/** How many ids fal takes in one question. */
const AT_ONCE = 50;
/** Endpoint ids come from callers: what is remembered of them is bounded. */
const MOST = 5000;
/** The longest wait for an answer, in ms. */
const PATIENCE = 10_000;

interface Entry {
  /** Undefined where fal has none. */
  readonly price: ListedPrice | undefined;
  /** Until when it need not be asked for again. */
  readonly fresh: number;
}

/** What became of a question: who has which price, or for how long to leave fal alone. */
type Reading =
  | ReadonlyMap<string, Omit<ListedPrice, "at">>
  | "refused"
  | { readonly pause: number };

/** @throws TypeError for an option that is wrong */
export function createPriceList(options: PriceListOptions = {}): PriceList {
  const { freshFor = 12 * HOUR, keptFor = 7 * 24 * HOUR, acceptDrops = false, archive } = options;
  for (const [name, ms] of Object.entries({ freshFor, keptFor })) {
    if (!(ms > 0)) throw new TypeError(`fal proxy: list.${name} must be a number of ms above 0.`);
  }
  const known = new Map<string, Entry>();
  const wanted = new Set<string>();
  const told = new Set<string>();
  let running: Promise<void> | undefined;
  let pausedUntil = 0;
  let failures = 0;
  let restored = archive ? restore(archive) : undefined;

  function alarm(one: PriceAlarm): void {
    if (told.has(one.message)) return;
    if (told.size >= MOST) told.clear();
    told.add(one.message);
    if (options.onAlarm === undefined) return console.warn(`fal proxy: ${one.message}`);
    const failed = (error: unknown): void => print("onAlarm failed", error);
    try {
      void Promise.resolve(options.onAlarm(one)).catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  function find(endpoint: string): ListedPrice | undefined {
    const now = Date.now();
    const entry = known.get(endpoint);
    if (entry === undefined || now >= entry.fresh) want(endpoint);
    return entry?.price && now - entry.price.at < keptFor ? entry.price : undefined;
  }

  function want(endpoint: string): void {
    if (wanted.size < MOST) wanted.add(endpoint);
    if (Date.now() < pausedUntil) return;
    running ??= ask().finally(() => (running = undefined));
  }

  async function ask(): Promise<void> {
    // What is asked for in the same moment goes in one question.
    await restored;
    restored = undefined;
    while (wanted.size > 0 && Date.now() >= pausedUntil) {
      const batch = [...wanted].slice(0, AT_ONCE);
      if (!(await learn(batch))) return;
      for (const id of batch) wanted.delete(id);
    }
    if (archive) await keep(archive);
  }

  /** @returns whether fal has answered for all of them */
  async function learn(ids: readonly string[]): Promise<boolean> {
    const reading = await read(ids, options);
    if (reading !== "refused" && "pause" in reading) {
      // 1 min, doubling to 1 h, unless fal says how long.
      pausedUntil = Date.now() + (reading.pause || Math.min(HOUR, 60_000 * 2 ** failures++));
      alarm({
        kind: "unreachable",
        message: "fal's list of prices could not be read; the prices known so far are used.",
      });
      return false;
    }
    failures = 0;
    // One id that fal does not know can cost the others their answer.
    if (reading === "refused" && ids.length > 1) {
      const half = Math.ceil(ids.length / 2);
      return (await learn(ids.slice(0, half))) && (await learn(ids.slice(half)));
    }
    for (const id of ids) note(id, reading === "refused" ? undefined : reading.get(id));
    return true;
  }

  function note(endpoint: string, listed: Omit<ListedPrice, "at"> | undefined): void {
    const at = Date.now();
    const before = known.get(endpoint)?.price;
    let price = listed && { ...listed, at };
    if (price && before?.unit === price.unit && price.usd * 2n < before.usd && !acceptDrops) {
      alarm({
        kind: "dropped",
        endpoint,
        message: `fal lists ${endpoint} at ${writeAmount(price.usd)} USD per ${price.unit}, which was ${writeAmount(before.usd)}: the price before is kept. A rule of your own, or acceptDrops, settles it.`,
      });
      price = { ...before, at };
    }
    // The oldest goes first.
    known.delete(endpoint);
    if (known.size >= MOST) known.delete(known.keys().next().value as string);
    // Give or take a half, so that not all fall due at once.
    known.set(endpoint, { price, fresh: at + freshFor * (0.5 + Math.random()) });
  }

  async function keep({ save }: PriceArchive): Promise<void> {
    const rows = [...known].flatMap(([id, { price }]) =>
      price ? [[id, writeAmount(price.usd), price.unit, price.at]] : [],
    );
    try {
      await save(JSON.stringify(rows));
    } catch (error) {
      alarm({
        kind: "unreachable",
        message: `the list of prices could not be kept: ${describeError(error)}`,
      });
    }
  }

  async function restore({ load }: PriceArchive): Promise<void> {
    try {
      const rows: unknown = JSON.parse((await load()) ?? "[]");
      for (const [id, usd, unit, at] of rows as [string, string, string, number][]) {
        const price = { usd: readAmount(usd, "a kept price"), unit: String(unit), at: Number(at) };
        // What came meanwhile is newer; what is restored is asked for again.
        if (!known.has(id)) known.set(String(id), { price, fresh: 0 });
      }
    } catch {
      alarm({ kind: "unreachable", message: "the kept list of prices could not be read." });
    }
  }

  return { find, alarm, settled: async () => void (await (running ?? restored)) };
}

/** Asks fal for up to 50 ids. Never rejects. */
async function read(
  ids: readonly string[],
  { key, fetch: send = fetch }: PriceListOptions,
): Promise<Reading> {
  try {
    const given = typeof key === "function" ? await key() : (key ?? (await keyFromEnv()));
    const authorization = toAuthorization(given, "The price list's key holds");
    if (isRefusal(authorization)) return { pause: 0 };
    const { origin, prefix } = await placeOf("api.fal.ai");
    const query = new URLSearchParams({ endpoint_id: ids.join(",") });
    const reply = await send(`${origin}${prefix}/v1/models/pricing?${query}`, {
      headers: { authorization, accept: "application/json" },
      // The key goes where it was sent, and no further.
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE),
    });
    // A challenge for robots is answered in HTML, whatever its status.
    const isJson = /^application\/json\b/i.test(reply.headers.get("content-type") ?? "");
    const body: unknown = isJson ? await reply.json() : await reply.body?.cancel();
    if (isJson && reply.ok) return pricesIn(body);
    if (isJson && [400, 404, 422].includes(reply.status)) return "refused";
    return { pause: pauseOf(reply.headers.get("retry-after")) };
  } catch {
    return { pause: 0 };
  }
}

/** `retry-after` in ms, a date or seconds, and at most an hour; 0 if it says nothing. */
function pauseOf(header: string | null): number {
  const ms = /^\d+$/.test(header ?? "")
    ? Number(header) * 1000
    : Date.parse(header ?? "") - Date.now();
  return ms > 0 ? Math.min(ms, HOUR) : 0;
}

function pricesIn(body: unknown): Reading {
  const { prices, has_more: more } = (body ?? {}) as { prices?: unknown; has_more?: unknown };
  if (!Array.isArray(prices)) return { pause: 0 };
  // Fewer ids fit on a page.
  if (more === true) return "refused";
  const read = new Map<string, Omit<ListedPrice, "at">>();
  for (const row of prices as (Record<string, unknown> | null)[]) {
    const { endpoint_id: id, unit_price: given, unit, currency } = row ?? {};
    if (typeof id !== "string" || typeof unit !== "string" || currency !== "USD") continue;
    try {
      const usd = readAmount(given, id);
      // Nothing is no price, and not a gift.
      if (usd > 0n) read.set(id, { usd, unit: unit.trim().toLowerCase() });
    } catch {
      // No amount, no price.
    }
  }
  return read;
}
