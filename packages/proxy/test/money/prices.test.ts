import { expect, test } from "vitest";
import { compilePrices, type PriceRules } from "../../src/money/prices.ts";
import { isQuote } from "../../src/money/quote.ts";

const flat = (usd: string) => ({ flat: 1, usd });
const own: PriceRules = {
  "fal-ai/**": flat("1"),
  "fal-ai/flux/*": flat("2"),
  "fal-ai/flux/dev": flat("3"),
  "fal-ai/flux/{dev,pro}/**": flat("4"),
};
const shipped: PriceRules = { "fal-ai/flux/dev": flat("9"), "other/model": flat("8") };
const prices = compilePrices(own, shipped);
const ruleOf = (endpoint: string): string => {
  const result = prices.quote(endpoint, {});
  return isQuote(result) ? `${result.rule} ${result.usd / 1_000_000_000n}` : result.why;
};

test.each([
  ["fal-ai/flux/dev", "fal-ai/flux/dev 3"],
  ["fal-ai/flux/schnell", "fal-ai/flux/* 2"],
  ["fal-ai/flux/dev/image-to-image", "fal-ai/flux/{dev,pro}/** 4"],
  ["fal-ai/veo3", "fal-ai/** 1"],
  ["other/model", "other/model 8"],
  ["other/model/fast", "no rule prices other/model/fast"],
  ["other", "no rule prices other"],
  ["constructor", "no rule prices constructor"],
])("%s: %s", (endpoint, rule) => {
  expect(ruleOf(endpoint)).toBe(rule);
  // Once more, as remembered.
  expect(ruleOf(endpoint)).toBe(rule);
});

test("the order in which rules are written means nothing", () => {
  const reversed = compilePrices(Object.fromEntries(Object.entries(own).toReversed()), shipped);
  for (const endpoint of ["fal-ai/flux/dev", "fal-ai/flux/schnell", "fal-ai/veo3", "other/model"]) {
    expect(reversed.quote(endpoint, {})).toEqual(prices.quote(endpoint, {}));
  }
});

test("any number of ids that nobody has leaves what is known as it is", () => {
  for (let at = 0; at < 2500; at += 1) ruleOf(`invented/${at}`);
  expect(ruleOf("fal-ai/flux/dev")).toBe("fal-ai/flux/dev 3");
});

test("a pattern or a rule that is wrong is named", () => {
  expect(() => compilePrices({ "fal-ai/[": flat("1") })).toThrow("fal-ai/[");
  expect(() => compilePrices({ "fal-ai/x": { flat: 1, usd: "x" } })).toThrow('"fal-ai/x"');
});
