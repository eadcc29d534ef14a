import { expect, test } from "vitest";
import { largestSides, megapixelsOf, sidesOf } from "../../src/money/picture-size.ts";

const megapixels = (size: unknown): number => megapixelsOf(sidesOf(size) ?? [0, 0]);

test.each([
  "square_hd",
  "square",
  "portrait_4_3",
  "portrait_16_9",
  "landscape_4_3",
  "landscape_16_9",
])("%s is one megapixel", (word) => expect(megapixels(word)).toBe(1));

test.each<[unknown, number]>([
  [{ width: 1024, height: 1024 }, 1],
  [{ width: 1025, height: 1025 }, 2],
  [{ width: 1920, height: 1080 }, 2],
  [{ width: 4096, height: 4096 }, 16],
  [{ width: 14_142, height: 14_142 }, 191],
  [{ width: 4096 }, 2],
  [{}, 1],
])("%j is %d", (size, count) => expect(megapixels(size)).toBe(count));

test("the largest is the largest", () => expect(megapixelsOf(largestSides)).toBe(191));

test.each([
  "auto",
  "",
  "SQUARE",
  "constructor",
  { width: 14_143, height: 1 },
  { width: 0 },
  { width: -1 },
  { width: 512.5 },
  { width: "512" },
  { width: null },
  [512, 512],
  1024,
  null,
  undefined,
])("%j leaves the size open", (size) => expect(sidesOf(size)).toBeUndefined());
