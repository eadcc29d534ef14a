/** One limit, ready to be asked: what is counted, whose, how much, and in which bucket it stands now. */
import type { Call } from "../call.ts";
import { checkEndpoints } from "../check.ts";
import { internalError } from "../fault.ts";
import { compileGlobs } from "../glob.ts";
import { NANO, readAmount } from "../money/amount.ts";
import type { MaybePromise } from "../promise.ts";
import { Refused } from "../refusal.ts";
import type { Rolling } from "../stores/store.ts";
import type { LimitAmount, Limits, LimitSet, OwnPeriod, PeriodLimits } from "./options.ts";
import { checkTimeZone, readPeriod, windowFrom, type Period, type Window } from "./period.ts";
import { addressOf, subject, userSubject } from "./subject.ts";

/** What is counted. */
export type Unit = "usd" | "calls" | "inFlight" | "credits";

export interface Gauge {
  /** The name of its set, as the app gave it. */
  readonly scope: string;
  readonly unit: Unit;
  /** For people: `day`, `1m`, `ever`; empty for what is under way. */
  readonly per: string;
  /** Its name within a subject. */
  readonly guard: string;
  readonly rolling: Rolling | undefined;
  readonly dryRun: boolean;
  /** Whether calls pass uncounted while the store has no answer. */
  readonly failOpen: boolean;
  readonly whose: Whose;
  matches(endpoint: string): boolean;
  /** In billionths of USD or credits, or whole; undefined for no limit. @throws where a function gives no amount */
  limitOf(call: Call): MaybePromise<bigint | undefined>;
  /** Undefined where it has no end, or moves along. */
  windowOf(call: Call, now: number): MaybePromise<Window | undefined>;
}

/** Whose a limit is. */
export interface Whose {
  /** Two of the same key mean the same subjects. */
  readonly key: string;
  /** Shared by all callers: its figures are nobody's business. */
  readonly isAll: boolean;
  /** Narrow ones first. */
  readonly rank: number;
  /** @throws Refused where it needs something that the call does not have */
  subjectOf(call: Call): MaybePromise<string>;
}

const UNITS = ["inFlight", "calls", "usd"] as const;
const MEMBERS: readonly string[] = ["by", "endpoints", "dryRun", "failOpen", ...UNITS];

/**
 * Checks limits and makes them ready.
 *
 * @throws TypeError that names the limit, what is wrong with it, and the right form
 */
export function compileLimits({ timeZone = "UTC", ...sets }: Limits): Gauge[] {
  checkTimeZone(timeZone);
  const gauges = Object.entries(sets).flatMap(([name, set]) =>
    set === undefined ? [] : compileSet(name, set as LimitSet, timeZone),
  );
  const buckets = new Map<string, Gauge>();
  for (const gauge of gauges) {
    const bucket = `${gauge.whose.key}|${gauge.guard}`;
    const twin = buckets.get(bucket);
    if (twin) {
      throw wrong(
        gauge.scope,
        `would share a bucket with limits.${twin.scope}: ${gauge.unit} per ${gauge.per || "call"}. Give one of them endpoints of its own, or a name`,
      );
    }
    buckets.set(bucket, gauge);
  }
  return gauges;
}

const wrong = (set: string, what: string): TypeError =>
  new TypeError(`fal proxy: limits.${set} ${what}.`);

function compileSet(scope: string, set: LimitSet, timeZone: string): Gauge[] {
  if (Object(set) !== set) throw wrong(scope, 'must be an object: { calls: { "1m": 20 } }');
  for (const member of Object.keys(set)) {
    if (!MEMBERS.includes(member)) {
      throw wrong(scope, `has a member "${member}"; it may have ${MEMBERS.join(", ")}`);
    }
  }
  const { endpoints, dryRun = false, failOpen = false } = set;
  if (failOpen && UNITS.some((unit) => unit !== "calls" && set[unit] !== undefined))
    throw wrong(
      scope,
      "has failOpen beside usd or inFlight: only calls can. Give them a set of their own",
    );
  if (endpoints !== undefined) checkEndpoints(endpoints, `limits.${scope}.endpoints`);
  const globs = endpoints && compileGlobs([...endpoints], `limits.${scope}.endpoints`);
  const suffix = endpoints ? ` ${[...endpoints].sort().join(" ")}` : "";
  const common = {
    scope,
    dryRun,
    failOpen,
    whose: whoseOf(scope, set.by),
    matches: globs ? (endpoint: string) => globs.match(endpoint) : () => true,
  };
  const gauges = UNITS.flatMap((unit): Gauge[] => {
    const given = set[unit];
    if (given === undefined) return [];
    if (unit === "inFlight") {
      const limitOf = compileAmount(given as LimitAmount, unit, `limits.${scope}.inFlight`);
      return [
        {
          ...common,
          unit,
          per: "",
          guard: encode(`inFlight${suffix}`),
          rolling: undefined,
          limitOf,
          windowOf: () => undefined,
        },
      ];
    }
    return writtenOut(given as PeriodLimits, scope, unit).map(({ amount, per, name }) => {
      const what = `limits.${scope}.${unit}`;
      const word = typeof per === "string" ? per : (name ?? "own");
      const period = typeof per === "string" ? readPeriod(per, timeZone, what) : per;
      return {
        ...common,
        unit,
        per: word,
        guard: encode(`${unit} ${name ?? word}${suffix}`),
        rolling:
          typeof period !== "function" && period.kind === "rolling" ? period.rolling : undefined,
        limitOf: compileAmount(amount, unit, `${what}.${word}`),
        windowOf: windowFinder(period, what),
      };
    });
  });
  if (gauges.length === 0) throw wrong(scope, `limits nothing: give it ${UNITS.join(", ")}`);
  return gauges;
}

function writtenOut(
  given: PeriodLimits,
  scope: string,
  unit: Unit,
): { amount: LimitAmount; per: string | OwnPeriod; name?: string | undefined }[] {
  if (Array.isArray(given)) {
    return (given as Exclude<PeriodLimits, Readonly<Record<string, LimitAmount>>>).map(
      ({ amount, per, name }) => {
        if (typeof per !== "string" && typeof per !== "function")
          throw wrong(
            scope,
            `has ${unit} without a per: a period, or a function that gives { start, end }`,
          );
        return { amount, per, name };
      },
    );
  }
  if (Object(given) !== given)
    throw wrong(
      scope,
      `has ${unit} without a period: { ${unit}: { day: ${JSON.stringify(given)} } }`,
    );
  return Object.entries(given as Readonly<Record<string, LimitAmount>>).map(([per, amount]) => ({
    amount,
    per,
  }));
}

/** `|` parts the names of buckets. */
const encode = (guard: string): string => guard.replaceAll(/[%|]/g, encodeURIComponent);

function compileAmount(given: LimitAmount, unit: Unit, what: string): Gauge["limitOf"] {
  const read = (value: number | string): bigint | undefined => {
    if (value === "none") return undefined;
    const nano = readAmount(value, what);
    if (unit === "usd" || unit === "credits") return nano;
    if (nano % NANO !== 0n) throw new TypeError(`fal proxy: ${what} must be a whole number.`);
    return nano / NANO;
  };
  if (typeof given === "function") return async (call) => read(await given(call));
  const limit = read(given);
  return () => limit;
}

function windowFinder(period: Period | OwnPeriod, what: string): Gauge["windowOf"] {
  if (typeof period !== "function") {
    return period.kind === "calendar" ? (_call, now) => period.windowAt(now) : () => undefined;
  }
  return async (call, now) => {
    const { start, end } = (await period(call)) ?? {};
    const [from, until] = [Number(start), Number(end)];
    if (!(from <= now && now < until))
      throw new TypeError(`fal proxy: ${what} gave a period that does not hold this moment.`);
    return windowFrom(from, until);
  };
}

/** Says what an app has to change, where a call has nothing to be counted by. */
const unnamed = (hint: string): Refused => new Refused(internalError(hint));

export const USER: Whose = {
  key: "user",
  isAll: false,
  rank: 0,
  subjectOf: ({ user }) => {
    if (user) return userSubject(user);
    throw unnamed(
      "A limit by user needs to know who calls: isAuthenticated must answer { id }, not only true.",
    );
  },
};
const ADDRESS: Whose = {
  key: "ip",
  isAll: false,
  rank: 1,
  subjectOf: ({ ip }) => {
    if (ip) return subject("ip", addressOf(ip));
    throw unnamed("A limit by ip needs the caller's address, which this host does not tell.");
  },
};
const ALL: Whose = { key: "all", isAll: true, rank: 9, subjectOf: () => "all" };

/** @throws TypeError where nothing says whose it is */
export function whoseOf(scope: string, by: LimitSet["by"] = nameOf(scope)): Whose {
  if (by === "user") return USER;
  if (by === "ip") return ADDRESS;
  if (by === "all") return ALL;
  if (typeof by !== "function") {
    throw wrong(
      scope,
      'needs by: "user", "ip", "all", or a function of the call that gives a name',
    );
  }
  return {
    key: scope,
    isAll: false,
    rank: 5,
    subjectOf: async (call) => {
      const id = await by(call);
      if (typeof id === "string" && id !== "") return subject(scope, id);
      throw unnamed(
        `limits.${scope}.by gave no name for this call: it must give a text, not empty.`,
      );
    },
  };
}

const nameOf = (scope: string): LimitSet["by"] =>
  scope === "user" || scope === "ip" || scope === "all" ? scope : undefined;
