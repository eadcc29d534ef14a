/** Amounts, exactly. The headers are those that fal's apps were seen to send (pricing facts, section 5). */
import { describe, expect, test } from "vitest";
import {
  costOf,
  divide,
  MOST,
  NANO,
  readAmount,
  readUnits,
  writeAmount,
} from "../../src/money/amount.ts";

describe("an amount as people write it", () => {
  test.each<[string | number, bigint]>([
    ["0.04", 40_000_000n],
    ["2", 2_000_000_000n],
    [2, 2_000_000_000n],
    [0.1, 100_000_000n],
    [0.0005, 500_000n],
    [1e-7, 100n],
    [1e-9, 1n],
    ["0.000000001", 1n],
    ["0", 0n],
    ["007.5", 7_500_000_000n],
    ["9000000", MOST],
  ])("%s", (written, nano) => expect(readAmount(written, "usd")).toBe(nano));

  test.each([
    "",
    " 1",
    "1.",
    ".5",
    "-1",
    "+1",
    "1e3",
    "1,5",
    "0x1",
    "NaN",
    "0.0000000001",
    "9000000.000000001",
    "9999999999999",
    -1,
    -0.5,
    NaN,
    Infinity,
    1e-10,
    1e21,
    0.12345678901,
    1n,
    true,
    null,
    undefined,
    {},
  ])("is not %s", (written: unknown) => {
    expect(() => readAmount(written, "limits.user.usd")).toThrow(
      /^fal proxy: limits\.user\.usd must be an amount of 0 to 9000000/,
    );
  });

  test("is written back without superfluous places, and read again the same", () => {
    expect([0n, 1n, 40_000_000n, NANO, -1_500_000_000n].map(writeAmount)).toEqual([
      "0",
      "0.000000001",
      "0.04",
      "1",
      "-1.5",
    ]);
    for (let nano = 1n; nano < MOST; nano = nano * 7n + 3n) {
      expect(readAmount(writeAmount(nano), "")).toBe(nano);
    }
  });
});

describe("x-fal-billable-units", () => {
  test.each<[string, bigint]>([
    ["1", NANO],
    ["1.0", NANO],
    ["1.000", NANO],
    ["38.8", 38_800_000_000n],
    ["0.02", 20_000_000n],
    ["4.00000000", 4n * NANO],
    ["8.439999999999998", 8_440_000_000n],
    ["3.008", 3_008_000_000n],
    ["42.64", 42_640_000_000n],
    ["0", 0n],
    [" 1 ", NANO],
    ["0.0000000004", 0n],
    ["0.0000000005", 1n],
  ])("%s", (header, nano) => expect(readUnits(header)).toBe(nano));

  test.each([
    undefined,
    "",
    "1, 1",
    "1 1",
    "-1",
    "+1",
    "1e3",
    "NaN",
    "Infinity",
    "1.2.3",
    ".5",
    "1.",
    "0x10",
    "١",
    "1_000",
    "9".repeat(13),
    `1.${"0".repeat(41)}`,
  ])("%s says nothing", (header) => expect(readUnits(header)).toBeUndefined());
});

describe("a price times a quantity is rounded once", () => {
  test.each<[string, string, string, string]>([
    // Units as reported, the listed price, what is owed; from recorded answers.
    ["4.0", "0.14", "0.56", "0.56"],
    ["38.8", "0.014", "0.5432", "0.5432"],
    ["8.439999999999998", "0.05", "0.422", "0.422"],
    ["0.000000001", "0.1", "0.000000001", "0"],
    ["0.000000005", "0.1", "0.000000001", "0.000000001"],
    ["0", "0.1", "0", "0"],
  ])("%s units at %s", (units, price, up, halfUp) => {
    const nano = readUnits(units) as bigint;
    const each = readAmount(price, "usd");
    expect(writeAmount(costOf(nano, each, "up"))).toBe(up);
    expect(writeAmount(costOf(nano, each, "half-up"))).toBe(halfUp);
  });

  test("up is never less than half-up, and neither is a whole nano off", () => {
    for (let at = 0n; at < 500n; at += 1n) {
      const [amount, by] = [at * 7_919n, (at % 13n) + 1n];
      const up = divide(amount, by, "up");
      expect(up >= divide(amount, by, "half-up")).toBe(true);
      expect(up * by >= amount && (up - 1n) * by < amount).toBe(true);
    }
  });
});
