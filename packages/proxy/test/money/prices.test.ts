import { expect, test } from "vitest";
import { compileGlobs } from "../../src/glob.ts";
import { compilePrices, type PriceRules } from "../../src/money/prices.ts";
import { isQuote } from "../../src/money/quote.ts";
import { chanceFrom } from "../simulation/chance.ts";

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

test("of any patterns, the longest that matches prices an id", () => {
  const chance = chanceFrom(7);
  const words = ["fal-ai", "flux", "veo3", "*", "**", "fl*", "{flux,veo3}", "Flux", "f?ux", "dev"];
  const ids = [
    "fal-ai/flux",
    "fal-ai/flux/dev",
    "fal-ai/Flux/dev",
    "flux",
    "veo3/flux/dev/fl/x",
    "a/b",
  ];
  for (let round = 0; round < 300; round++) {
    const patterns = Array.from({ length: chance.between(1, 12) }, () =>
      Array.from({ length: chance.between(1, 4) }, () => chance.pick(words)).join("/"),
    ).filter((pattern) => /[*?{]/.test(pattern));
    const compiled = compilePrices(
      Object.fromEntries(patterns.map((pattern) => [pattern, flat("1")])),
    );
    for (const id of ids) {
      const matching = patterns.filter((pattern) => compileGlobs([pattern], "test").match(id));
      const longest = Math.max(0, ...matching.map(({ length }) => length));
      const quote = compiled.quote(id, {});
      const rule = isQuote(quote) ? quote.rule : "";
      expect(rule.length, `${id} by ${patterns.join(" ")}`).toBe(longest);
    }
  }
});
