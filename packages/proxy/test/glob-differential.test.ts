/**
 * Our globs against picomatch, whose meaning they keep: 100,000 generated pairs of a pattern and a
 * text, and lists of patterns that have much in common. A failure prints the seed and the smallest
 * pair that still differs.
 */
import fc from "fast-check";
import picomatch from "picomatch";
import { expect, it } from "vitest";
import { compileGlobs } from "../src/glob.ts";

const SEED = 20_270_114;
const PATTERNS = 20_000;
const TEXTS_EACH = 5;

/** A piece of a pattern, and a text that it should match. */
type Piece = readonly [pattern: string, text: string];

const joined = (pieces: readonly Piece[]): Piece => [
  pieces.map(([pattern]) => pattern).join(""),
  pieces.map(([, text]) => text).join(""),
];
const oneOf = (...texts: string[]): fc.Arbitrary<string> => fc.constantFrom(...texts);
const standing = (pattern: string, ...texts: string[]): fc.Arbitrary<Piece> =>
  oneOf(...texts).map((text) => [pattern, text]);

const literal = oneOf("a", "b", "c", "ab", "-", ".", "a.b").map((text): Piece => [text, text]);
const escaped = oneOf(...'?*{}[](),.!+|"-_').map((sign): Piece => [`\\${sign}`, sign]);
const star = standing("*", "", "a", "b.c", "ab-", ".");
const globstar = standing("**", "", "a", "a/b", "b/", "/a", "a/.b/c");
// With the slashes around it that may be missing from the text.
const between = standing("/**/", "/", "/a/", "/a/b/", "//");
const after = standing("/**", "", "/", "/a", "/a/b");
const any = standing("?", "a", "b", ".", "?");
const characters = fc.oneof(
  standing("[ab]", "a", "b"),
  standing("[a-c.]", "a", "c", "."),
  standing("[^a]", "b", "-"),
  standing("[^a-b-]", "c", "."),
  standing("[\\]?*]", "]", "?", "*"),
);
const slash = fc.constant<Piece>(["/", "/"]);

const { sequence } = fc.letrec<{ sequence: Piece; choices: Piece }>((tie) => ({
  choices: fc
    .tuple(fc.array(tie("sequence"), { minLength: 2, maxLength: 3 }), fc.nat())
    .map(([all, which]) => [
      `{${all.map(([pattern]) => pattern).join(",")}}`,
      (all[which % all.length] as Piece)[1],
    ]),
  sequence: fc
    .array(
      fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        { weight: 5, arbitrary: literal },
        { weight: 4, arbitrary: slash },
        { weight: 3, arbitrary: star },
        { weight: 1, arbitrary: globstar },
        { weight: 1, arbitrary: between },
        { weight: 1, arbitrary: after },
        { weight: 1, arbitrary: any },
        { weight: 1, arbitrary: escaped },
        { weight: 1, arbitrary: characters },
        { weight: 2, arbitrary: tie("choices") },
      ),
      { maxLength: 5 },
    )
    .map(joined),
}));

/** A few characters more, less or different, in up to two places. */
const changes = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    drop: fc.nat({ max: 2 }),
    put: oneOf("", "a", "b", "/", ".", "..", "/..", "?"),
  }),
  { maxLength: 2 },
);
type Change = typeof changes extends fc.Arbitrary<infer Value> ? Value : never;
const changed = (original: string, edits: Change): string =>
  edits.reduce((text, { at, drop, put }) => {
    const index = Math.floor(at * (text.length + 1));
    return text.slice(0, index) + put + text.slice(index + drop);
  }, original);

// Where picomatch is not followed. A pattern of one segment that is all wildcards but for endings such
// as `.js` comes from a table of its own, with rules of its own for dots and slashes at the end.
const FROM_ITS_TABLE = /^(\*\*?|(\*\*?\/)?(\*|\.\*|\*\.\*))(\.\w+)*$/;
// In one segment, it lets a star behind a dot take a segment of dots.
const DOT_STAR = /^\\?\.\*[^/]*$/;
// Behind three stars, it forgets that a dot is literal.
const THREE_STARS = /\*\*\*/;
// It leaves these out, and reads those as a range; here they are refused.
const REFUSED = /^\.\/|\{.*\.\\?\./;
const isFollowed = (pattern: string): boolean =>
  pattern !== "" &&
  ![FROM_ITS_TABLE, DOT_STAR, THREE_STARS, REFUSED].some((form) => form.test(pattern));

it("agrees about 100,000 pairs", { timeout: 300_000 }, () => {
  let pairs = 0;
  let matches = 0;
  const pattern = sequence.filter(([text]) => isFollowed(text));
  const all = fc.array(changes, { minLength: TEXTS_EACH, maxLength: TEXTS_EACH });
  fc.assert(
    fc.property(pattern, all, ([pattern, text], all) => {
      const ours = compileGlobs([pattern]);
      const theirs = picomatch(pattern, { dot: true });
      for (const edits of all) {
        const asked = changed(text, edits);
        const wanted = theirs(asked);
        pairs += 1;
        matches += Number(wanted);
        // It also takes a text that is spelt like the pattern or its class.
        if (asked === pattern || asked.includes("[")) continue;
        if (ours.match(asked) !== wanted) {
          throw new Error(`${pattern} over ${asked}: picomatch says ${wanted}`);
        }
      }
    }),
    { seed: SEED, numRuns: PATTERNS },
  );
  expect(pairs).toBe(PATTERNS * TEXTS_EACH);
  // The generator must make both, or this could not fail.
  expect(matches / pairs).toBeGreaterThan(0.35);
  expect(matches / pairs).toBeLessThan(0.75);
});

// What patterns of one tree could take from each other: segments that begin alike and go on differently.
const SEGMENTS = [
  ["a", "b", "", "*", "?", "a*", "*b", "[ab]", "[^a]", ".*", "**", "**a"],
  ["{a,b}", "{,a}", "{,/a}", "{/a,b}", "*{,a}", "{**,a}", "{/**,b}", "{a/**,b}", "{**/a,b}"],
  ["**{,/a}", "**{/a,b}", "{/**/a,b}"],
];
const segment = oneOf(...SEGMENTS.flat());
const related = fc
  .tuple(fc.array(segment, { minLength: 1, maxLength: 4 }), oneOf("/", "/", "/", ""))
  .map(([segments, between]) => segments.join(between))
  .filter(isFollowed);
const short = fc
  .array(oneOf("a", "b", "/", "."), { minLength: 1, maxLength: 6 })
  .map((characters) => characters.join(""));

it("agrees about lists of patterns that begin alike", { timeout: 300_000 }, () => {
  let matches = 0;
  const list = fc.array(related, { minLength: 2, maxLength: 4 });
  const texts = fc.array(short, { minLength: 40, maxLength: 40 });
  fc.assert(
    fc.property(list, texts, (list, texts) => {
      const ours = compileGlobs(list);
      const theirs = picomatch(list, { dot: true });
      for (const text of texts) {
        const wanted = theirs(text);
        matches += Number(wanted);
        if (ours.match(text) !== wanted) {
          throw new Error(`${list.join(" or ")} over ${text}: picomatch says ${wanted}`);
        }
      }
    }),
    { seed: SEED, numRuns: 2_500 },
  );
  expect(matches).toBeGreaterThan(15_000);
});
