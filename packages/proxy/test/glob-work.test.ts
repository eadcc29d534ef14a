/** How much work a match is, counted in steps: in proportion to the text whatever it holds, and hardly more for a long list. */
import { describe, expect, it } from "vitest";
import { compileGlobs } from "../src/glob.ts";

/** The steps of one match, and its answer. */
function work(patterns: readonly string[], text: string): { steps: number; matches: boolean } {
  let steps = 0;
  const { match } = compileGlobs(patterns, undefined, (more) => {
    steps += more;
  });
  return { matches: match(text), steps };
}

const hostile: [pattern: string, ...units: string[]][] = [
  ["**/*image*edit*", "image", "imageedit/", "edit", "/", "i"],
  ["*a*a*a*a*b", "a", "ab/"],
  ["**/**/**/x", "/", "x/", "/x"],
  ["**/a/**/a/**/a/**/b", "a/", "/a"],
  ["**/*a*/**/*a*/**", "a/", "../", "a/../"],
  ["{a,aa}{a,aa}{a,aa}{a,aa}*b", "a"],
  ["{,a}{,a}{,a}{,a}{,a}{,a}{,a}{,a}b", "a"],
  ["{*a,**/a,[ab]*}{*a,**/a,[ab]*}c", "a", "ab", "a/"],
  ["*[ab]*[^c]*?*x", "a", "ab"],
  ["**{a,/a}**{a,/a}b", "a", "/a", "a/"],
  ["**/.*/**", "./", ".", "a/..", ".a/"],
  ["a/**", "./", "../"],
];
const cases = hostile.flatMap(([pattern, ...units]) =>
  units.map((unit): [string, string] => [pattern, unit]),
);

describe("hostile lengths", () => {
  it.each(cases)("%s over %s, again and again", (pattern, unit) => {
    const long = (length: number): string => unit.repeat(Math.ceil(length / unit.length));
    let before = 0;
    for (const length of [512, 1024, 2048, 4096, 8192]) {
      const text = long(length);
      const { steps } = work([pattern], text);
      // A step takes a node and looks at its edges, and a pattern adds few of both per character.
      expect(steps).toBeLessThanOrEqual(text.length * pattern.length * 2);
      // What the beginning of a text does not reach yet is a matter of the pattern's length.
      if (before > 0) expect(steps).toBeLessThanOrEqual(before * 2 + pattern.length ** 2);
      before = steps;
    }
    expect(before).toBeGreaterThan(0);
  });

  it("is not worked through where everything below matches, but for dots", () => {
    const below = `a/${"image/".repeat(1000)}`;
    const { steps, matches } = work(["a/**"], below);
    expect(matches).toBe(true);
    expect(steps).toBeLessThan(20);
    expect(work(["a/**"], `${below}../x`).matches).toBe(false);
    expect(work(["a/**"], `${below}..`).matches).toBe(false);
  });

  it("is seen where it is, or this could not fail", () => {
    // Here every character is worth as many steps as there are stars that can take it.
    const few = work(["*a*b"], "a".repeat(1_000)).steps;
    const many = work([`${"*a".repeat(20)}*b`], "a".repeat(1_000)).steps;
    expect(many).toBeGreaterThan(few * 5);
  });
});

describe("long lists", () => {
  const list = (form: (index: number) => string): string[] =>
    Array.from({ length: 10_000 }, (_, index) => form(index));

  it.each<[what: string, form: (index: number) => string]>([
    ["ids", (index) => `owner-${index % 100}/app-${index}`],
    ["everything below", (index) => `owner-${index % 100}/app-${index}/**`],
    ["beginnings", (index) => `owner-${index % 100}/app-${index}*/fast`],
    ["one owner", (index) => `fal-ai/app-${index}/{fast,slow}`],
    ["stars first", (index) => `*/app-${index}/[a-z]*`],
  ])("%s: ten thousand cost what one costs", (_what, form) => {
    const text = "owner-77/app-4277/fast";
    const one = work([form(4277)], text).steps;
    expect(work(list(form), text).steps).toBeLessThanOrEqual(one + text.length);
  });

  it("costs no more than the sum where nothing is shared", () => {
    const forms = list((index) => `*[${String.fromCharCode(0x3400 + index)}]`).slice(0, 1_000);
    const sum = work(forms.slice(0, 1), "a".repeat(100)).steps * forms.length;
    expect(work(forms, "a".repeat(100)).steps).toBeLessThanOrEqual(sum);
  });
});

it("compiles what would be a billion choices", () => {
  const { match } = compileGlobs(["{a,b}".repeat(30)]);
  expect(match("ab".repeat(15))).toBe(true);
  expect(match("ab".repeat(14))).toBe(false);
  expect(match("ab".repeat(16))).toBe(false);
  const depth = 2_000;
  expect(compileGlobs([`${"{a,".repeat(depth)}b${"}".repeat(depth)}`]).match("b")).toBe(true);
});
