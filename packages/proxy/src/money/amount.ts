/**
 * Amounts of money and of billed units, exactly: integers of a billionth (nano-dollars, nano-units), never
 * floating point. A product is rounded at the nano: up for a quote, half-up for a settlement.
 */

/** How many parts a dollar or a unit has. */
export const NANO: bigint = 1_000_000_000n;

/** The largest amount that is taken: nine million dollars, since Redis counts in doubles (2^53 nano-dollars). */
export const MOST: bigint = 9_000_000n * NANO;

/** Which way a part of a nano goes: up for what is set aside, half-up for what is settled. */
export type Rounding = "up" | "half-up";

const DECIMAL = /^(\d{1,12})(?:\.(\d{1,9}))?$/;

/**
 * Reads an amount as people write it.
 *
 * @param value a decimal string or a number, 0 or more, with at most 9 places: `"0.04"`, `2`, `0.0005`
 * @param what the name of the option, for the message
 * @returns billionths
 * @throws TypeError that names the option and shows the right form
 */
export function readAmount(value: unknown, what: string): bigint {
  const text = typeof value === "number" ? plain(value) : value;
  const [, whole, places = ""] = (typeof text === "string" && DECIMAL.exec(text)) || [];
  const amount =
    whole === undefined ? undefined : BigInt(whole) * NANO + BigInt(places.padEnd(9, "0"));
  if (amount === undefined || amount > MOST) {
    throw new TypeError(
      `fal proxy: ${what} must be an amount of 0 to 9000000 with at most 9 places, such as "0.04" or 2, not ${shown(value)}.`,
    );
  }
  return amount;
}

/** A number without an exponent, or nothing if it has more than 9 places. */
function plain(value: number): string | undefined {
  const text = String(value);
  if (!text.includes("e")) return text;
  const fixed = value.toFixed(9);
  return Number(fixed) === value ? fixed : undefined;
}

const shown = (value: unknown): string =>
  typeof value === "string"
    ? JSON.stringify(value.slice(0, 40))
    : String(typeof value === "bigint" ? `${value}n` : value).slice(0, 40);

/**
 * Reads fal's `x-fal-billable-units`: digits with at most one dot, as apps write it (`1`, `1.000`,
 * `8.439999999999998`). What is anything else, a list of two among it, says nothing.
 *
 * @returns nano-units, the places beyond the ninth rounded half-up
 */
export function readUnits(header: string | undefined): bigint | undefined {
  const [, whole, places = ""] = /^\s*(\d{1,12})(?:\.(\d{1,40}))?\s*$/.exec(header ?? "") ?? [];
  if (whole === undefined) return undefined;
  const nano = BigInt(whole) * NANO + BigInt(places.slice(0, 9).padEnd(9, "0"));
  return places.charAt(9) >= "5" ? nano + 1n : nano;
}

/** Nano-dollars for nano-units at nano-dollars each. */
export const costOf = (units: bigint, price: bigint, rounding: Rounding): bigint =>
  divide(units * price, NANO, rounding);

/** Divides numbers that are not negative. */
export function divide(amount: bigint, by: bigint, rounding: Rounding): bigint {
  return (amount + (rounding === "up" ? by - 1n : by / 2n)) / by;
}

/** An amount as a decimal string without superfluous places: `"0.04"`, `"-1.5"`. */
export function writeAmount(nano: bigint): string {
  const size = nano < 0n ? -nano : nano;
  const places = (size % NANO).toString().padStart(9, "0").replace(/0+$/, "");
  const whole = `${nano < 0n ? "-" : ""}${size / NANO}`;
  return places === "" ? whole : `${whole}.${places}`;
}
