/** The windows that amounts are counted in. */
import type { Rolling } from "../stores/store.ts";

/** One window of a calendar, in ms since 1970: from its first ms to the first of the next. */
export interface Window {
  readonly from: number;
  readonly until: number;
  /** Its beginning, as ISO 8601 in UTC: what its buckets are told apart by. */
  readonly name: string;
}

export const windowFrom = (from: number, until: number): Window => ({
  from,
  until,
  name: new Date(from).toISOString(),
});

/** How a period finds the window of a moment: a calendar's, one that moves along, or none at all. */
export type Period =
  | { readonly kind: "calendar"; windowAt(now: number): Window }
  | { readonly kind: "rolling"; readonly rolling: Rolling }
  | { readonly kind: "ever" };

/** Into how many slots a rolling window is cut: in steady flow it lets pass 1/16 less than its limit. */
const SLOTS = 16;
const UNIT = { s: 1000, m: 60_000, h: 3_600_000 } as const;
const CALENDAR = ["day", "week", "month"] as const;
type CalendarWord = (typeof CALENDAR)[number];

/**
 * Reads a period: `day`, `week`, `month`, `ever`, or a length such as `1m`, `24h`.
 *
 * @param timeZone whose calendar: an IANA name
 * @param what the option, for the message
 * @throws TypeError that names what to write instead
 */
export function readPeriod(word: string, timeZone: string, what: string): Period {
  if (word === "ever") return { kind: "ever" };
  if ((CALENDAR as readonly string[]).includes(word)) {
    return { kind: "calendar", windowAt: calendar(word as CalendarWord, timeZone) };
  }
  const [, count = "", unit = ""] = /^([1-9]\d{0,5})([smh])$/.exec(word) ?? [];
  if (unit === "") {
    const days = /^(\d+)\s*d(ays?)?$/.exec(word)?.[1];
    const hint = days
      ? ` A day of the calendar is "day", ${days === "1" ? "one" : "so many"} that moves along is "${Number(days) * 24}h".`
      : "";
    throw new TypeError(
      `fal proxy: ${what} has the period ${JSON.stringify(word)}: it must be "day", "week", "month", "ever", or a length that moves along, such as "1m" or "24h".${hint}`,
    );
  }
  const ms = Number(count) * UNIT[unit as keyof typeof UNIT];
  return { kind: "rolling", rolling: { ms, slots: SLOTS } };
}

/** @throws TypeError for a name that this runtime does not know */
export function checkTimeZone(timeZone: unknown): asserts timeZone is string {
  if (timeZone === "UTC") return;
  try {
    if (typeof timeZone === "string" && Intl.DateTimeFormat("en", { timeZone })) return;
  } catch {
    // Said below.
  }
  throw new TypeError(
    `fal proxy: limits.timeZone must be a name such as "UTC" or "Europe/Berlin", not ${JSON.stringify(timeZone)}.`,
  );
}

/** A date as days since 1970, whatever the zone. */
type Days = number;
const DAY = 86_400_000;

function calendar(word: CalendarWord, timeZone: string): (now: number) => Window {
  const dateAt = dateReader(timeZone);
  let known: Window = { from: Infinity, until: -Infinity, name: "" };
  return (now) => {
    if (now >= known.from && now < known.until) return known;
    let first = firstOf(word, dateAt(now));
    // Where a clock is set back over midnight, a moment of the new day reads as the old one.
    while (now >= startOf(next(word, first), dateAt)) first = next(word, first);
    return (known = windowFrom(startOf(first, dateAt), startOf(next(word, first), dateAt)));
  };
}

function firstOf(word: CalendarWord, date: Days): Days {
  const day = new Date(date * DAY);
  if (word === "day") return date;
  // A week begins on Monday.
  if (word === "week") return date - ((day.getUTCDay() + 6) % 7);
  return Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), 1) / DAY;
}

function next(word: CalendarWord, first: Days): Days {
  if (word === "day") return first + 1;
  if (word === "week") return first + 7;
  const day = new Date(first * DAY);
  return Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 1) / DAY;
}

/** The first moment at which a zone's calendar shows this date: midnight, or later where that was left out. */
function startOf(date: Days, dateAt: (at: number) => Days): number {
  // No zone is further from UTC than 14 hours; the search depends on the date alone, so all processes agree.
  let [before, after] = [date * DAY - 15 * 3_600_000, date * DAY + 15 * 3_600_000];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (dateAt(middle) >= date) after = middle;
    else before = middle;
  }
  return after;
}

function dateReader(timeZone: string): (at: number) => Days {
  if (timeZone === "UTC") return (at) => Math.floor(at / DAY);
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "gregory",
    year: "numeric",
    month: "numeric",
    day: "numeric",
  });
  return (at) => {
    const parts: Partial<Record<string, number>> = {};
    for (const { type, value } of format.formatToParts(at)) parts[type] = Number(value);
    return Date.UTC(parts["year"] as number, (parts["month"] as number) - 1, parts["day"]) / DAY;
  };
}
