import { describe, expect, test } from "vitest";
import { checkTimeZone, readPeriod, type Window } from "../../src/limits/period.ts";

const windowAt = (word: string, zone: string, at: string): [string, string] => {
  const period = readPeriod(word, zone, "limits.user.usd");
  if (period.kind !== "calendar") throw new Error("no calendar");
  const { from, until }: Window = period.windowAt(Date.parse(at));
  return [new Date(from).toISOString(), new Date(until).toISOString()];
};

test.each<[word: string, zone: string, at: string, from: string, until: string]>([
  [
    "day",
    "UTC",
    "2026-11-27T23:59:59.999Z",
    "2026-11-27T00:00:00.000Z",
    "2026-11-28T00:00:00.000Z",
  ],
  [
    "day",
    "UTC",
    "2026-11-28T00:00:00.000Z",
    "2026-11-28T00:00:00.000Z",
    "2026-11-29T00:00:00.000Z",
  ],
  ["week", "UTC", "2026-11-29T12:00:00Z", "2026-11-23T00:00:00.000Z", "2026-11-30T00:00:00.000Z"],
  ["week", "UTC", "2026-11-30T00:00:00Z", "2026-11-30T00:00:00.000Z", "2026-12-07T00:00:00.000Z"],
  ["month", "UTC", "2026-12-31T23:00:00Z", "2026-12-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z"],
  ["month", "UTC", "2028-02-29T00:00:00Z", "2028-02-01T00:00:00.000Z", "2028-03-01T00:00:00.000Z"],
  [
    "day",
    "Europe/Berlin",
    "2026-11-27T23:30:00Z",
    "2026-11-27T23:00:00.000Z",
    "2026-11-28T23:00:00.000Z",
  ],
  // 23 hours, and 25.
  [
    "day",
    "Europe/Berlin",
    "2026-03-29T12:00:00Z",
    "2026-03-28T23:00:00.000Z",
    "2026-03-29T22:00:00.000Z",
  ],
  [
    "day",
    "Europe/Berlin",
    "2026-10-25T12:00:00Z",
    "2026-10-24T22:00:00.000Z",
    "2026-10-25T23:00:00.000Z",
  ],
  [
    "month",
    "America/New_York",
    "2026-11-30T12:00:00Z",
    "2026-11-01T04:00:00.000Z",
    "2026-12-01T05:00:00.000Z",
  ],
  [
    "day",
    "Asia/Kolkata",
    "2026-11-27T18:29:59Z",
    "2026-11-26T18:30:00.000Z",
    "2026-11-27T18:30:00.000Z",
  ],
  [
    "day",
    "Pacific/Kiritimati",
    "2026-11-27T10:00:00Z",
    "2026-11-27T10:00:00.000Z",
    "2026-11-28T10:00:00.000Z",
  ],
  // Midnight is left out: the day begins at one.
  [
    "day",
    "America/Santiago",
    "2026-09-06T12:00:00Z",
    "2026-09-06T04:00:00.000Z",
    "2026-09-07T03:00:00.000Z",
  ],
  // Set back over midnight: 00:00 becomes 23:00 of the day before.
  [
    "day",
    "America/Santiago",
    "2026-04-04T12:00:00Z",
    "2026-04-04T03:00:00.000Z",
    "2026-04-05T04:00:00.000Z",
  ],
])("the %s in %s at %s", (word, zone, at, from, until) => {
  expect(windowAt(word, zone, at)).toEqual([from, until]);
});

test.each([
  "UTC",
  "Europe/Berlin",
  "America/Santiago",
  "Asia/Beirut",
  "Africa/Cairo",
  "Australia/Lord_Howe",
  "Pacific/Apia",
])("in %s every moment of two years is in one window, and windows follow one another", (zone) => {
  for (const word of ["day", "week", "month"]) {
    const period = readPeriod(word, zone, "x");
    if (period.kind !== "calendar") throw new Error("no calendar");
    let last: Window | undefined;
    for (let at = Date.UTC(2026, 0, 1); at < Date.UTC(2028, 0, 1); at += 5_400_000) {
      const window = period.windowAt(at);
      expect(
        window.from <= at && at < window.until,
        `${word} at ${new Date(at).toISOString()}`,
      ).toBe(true);
      if (last && window.from !== last.from) expect(window.from).toBe(last.until);
      last = window;
    }
  }
});

test.each<[string, object]>([
  ["1m", { kind: "rolling", rolling: { ms: 60_000, slots: 16 } }],
  ["24h", { kind: "rolling", rolling: { ms: 86_400_000, slots: 16 } }],
  ["30s", { kind: "rolling", rolling: { ms: 30_000, slots: 16 } }],
  ["ever", { kind: "ever" }],
])("%s", (word, period) => expect(readPeriod(word, "UTC", "x")).toEqual(period));

describe("what is no period says what to write", () => {
  test.each<[string, string]>([
    ["1d", '"24h"'],
    ["7 days", '"168h"'],
    ["d", '"day"'],
    ["Day", '"day"'],
    ["0m", '"1m"'],
    ["1.5h", '"1m"'],
    ["", '"day"'],
    ["minute", '"1m"'],
  ])("%s", (word, says) => {
    expect(() => readPeriod(word, "UTC", "limits.user.calls")).toThrow(
      "limits.user.calls has the period",
    );
    expect(() => readPeriod(word, "UTC", "limits.user.calls")).toThrow(says);
  });
  test.each(["Europe/Nowhere", "", 1, null, {}])("a zone of %j", (zone) => {
    expect(() => checkTimeZone(zone)).toThrow("limits.timeZone must be a name");
  });
});
