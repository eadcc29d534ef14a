/** What each form of a pattern matches, what is refused and why, and that patterns of one list do not mix. */
import { describe, expect, it } from "vitest";
import { compileGlobs } from "../src/glob.ts";

type Row = [pattern: string, matches: string[], others: string[]];

const meanings: Row[] = [
  // Literals.
  ["a", ["a"], ["", "b", "aa", "a/", "A"]],
  ["fal-ai/flux", ["fal-ai/flux"], ["fal-ai/flux2", "fal-ai/flu", "fal-ai/flux/", "fal-ai", "x/y"]],
  ["a/b/", ["a/b/"], ["a/b", "a/b//"]],
  ["a.b", ["a.b"], ["aXb"]],
  ["a+b,c", ["a+b,c"], ["aab,c", "a+b", "c"]],
  ["$^-~@!%:=&#'", ["$^-~@!%:=&#'"], []],
  ["a b", ["a b"], ["a%20b"]],

  // `*`: some of one segment.
  ["*", ["a", "ab", "a.b", ".a", "..a", "a/"], ["", ".", "..", "a/b", "/a"]],
  ["a/*", ["a/b", "a/.b", "a/b/"], ["a", "a/", "a/b/c", "a/.", "a/..", "a/../"]],
  ["a*", ["a", "ab", "a.."], ["b", "a/", "a/b", "ba"]],
  ["x/a*", ["x/a", "x/ab", "x/a/"], ["x/b", "x/a/b"]],
  ["*a", ["a", "ba", "aba"], ["ab", "a/a"]],
  ["*/b", ["a/b"], ["b", "/b/b", "a/a/b"]],
  ["a*c*e", ["ace", "abcde", "accee"], ["aec", "abcd", "a/ce"]],
  ["a/.*", ["a/.b"], ["a/b", "a/.", "a/..", "a/./"]],
  ["a/x.*", ["a/x.", "a/x.."], ["a/x"]],
  ["a/*/c", ["a/b/c"], ["a/c", "a/./c", "a/../c", "a/b/b/c"]],

  // `**`: any number of segments.
  ["**", ["a", "a/b", "a/", "/a", ".a/b"], ["", ".", "..", "a/..", "a/./b", "../a"]],
  ["a/**", ["a", "a/", "a/b", "a/b/c", "a/b/", "a/.b"], ["b", "ab", "a/..", "a/b/../c", "a/./b"]],
  ["**/b", ["b", "a/b", "a/a/b", "/b"], ["ab", "a/bb", "b/a", "../b"]],
  ["a/**/b", ["a/b", "a/c/b", "a/c/d/b", "a//b"], ["ab", "a/b/c", "a", "a/../b"]],
  ["a/**/**/b", ["a/b", "a/c/b"], ["ab"]],
  ["a/**/**", ["a", "a/b"], ["ab"]],
  ["**/**", ["a", "a/b"], [""]],
  ["a/**/", ["a/", "a/b/"], ["a", "a/b"]],
  ["*/**", ["a/", "a/b", "a/b/c"], ["a", "./a"]],
  ["a?/**", ["ab", "ab/c"], ["a", "ab2"]],
  ["/**", ["/", "/a", "/a/b"], ["a", "", "/.."]],
  ["/**/b", ["/a/b", "//b"], ["/b", "b"]],
  ["a/**{b,/c}", ["a/b", "a/xb", "a/x/b", "a//c", "a/x/c"], ["a/c", "a"]],
  // Elsewhere two stars are one, and so are more.
  ["a**", ["a", "ab"], ["a/b", "a/"]],
  ["x/**a", ["x/a", "x/ba"], ["x/b/a", "x/../a"]],
  ["x/a**/b", ["x/a/b", "x/ac/b"], ["x/a/c/b"]],
  ["x/***", ["x/a"], ["x/a/b"]],
  ["x/**,y", ["x/a,y"], ["x/a/b,y", "x"]],

  // `?`: one character of a segment.
  ["?", ["a", ".", "?"], ["", "ab", "/"]],
  ["a?c", ["abc", "a?c"], ["ac", "a/c", "abbc"]],
  ["a/??", ["a/bc", "a/.."], ["a/b", "a/b/"]],

  // `{a,b}`: choices.
  ["{a,b}", ["a", "b"], ["", "ab", "c", "a,b", "{a,b}"]],
  ["x{a,b}y", ["xay", "xby"], ["xy", "xaby"]],
  ["{a,}", ["a"], [""]],
  ["x{,a}", ["x", "xa"], ["xaa"]],
  ["x{,}y", ["xy"], ["x,y"]],
  ["{a,b/c}/d", ["a/d", "b/c/d"], ["b/d", "c/d"]],
  ["{a,{b,c}d}e", ["ae", "bde", "cde"], ["ade", "be", "de"]],
  ["fal-ai/{flux,sdxl}/**", ["fal-ai/flux", "fal-ai/sdxl/x"], ["fal-ai/fluxx", "fal-ai"]],
  ["{a,b}{c,d}", ["ac", "ad", "bc", "bd"], ["a", "cd", "ab"]],
  ["{a*,b}", ["a", "ax", "b"], ["bx", "a/"]],
  ["x/{*,b}", ["x/a", "x/b", "x/", "x/.."], ["x", "x/a/b"]],
  ["x/{**,b}", ["x/", "x/a/b"], ["x"]],
  ["{**/b,c}", ["a/b", "/b", "c"], ["b"]],
  ["{a/**,b}", ["a/", "a/c", "b"], ["a", "ab"]],
  ["{**,a}", ["a", "b/c", "a/"], ["..", "a/.."]],
  ["{x,{a,b}**}", ["x", "a/c", "bc/d"], ["c"]],
  ["{a,b}**", ["ac"], ["a/c"]],
  ["{a.*,b}", ["a.c", "b"], ["a.", "a.."]],
  ["{a,b}.*", ["a.", "b.c"], ["a"]],

  // `[…]`: one of some characters.
  ["[ab]", ["a", "b", "a/"], ["c", "ab", "", "[ab]"]],
  ["x/[a-c]y", ["x/ay", "x/cy"], ["x/dy", "x/y", "x/`y", "x/-y"]],
  ["[^a]c", ["bc", "^c"], ["ac", "c", "/c"]],
  ["[^a-c.]", ["d", "-"], ["a", "b", "c", "."]],
  ["[a^]", ["a", "^"], ["b"]],
  ["[a-]", ["a", "-"], ["b"]],
  ["[-a]", ["a", "-"], ["b"]],
  ["[a-b-d]", ["a", "b", "-", "d"], ["c"]],
  ["[a-a]", ["a"], ["b", "-"]],
  ["[.]", ["."], ["a"]],
  ['[,{}*?()|"!]', [",", "{", "}", "*", "?", "(", ")", "|", '"', "!"], ["a"]],
  ["[\\]\\[\\\\]", ["]", "[", "\\"], ["a"]],
  ["[a\\-c]", ["a", "-", "c"], ["b"]],
  ["[\\^a]", ["^", "a"], ["b"]],
  ["[+-9]", ["+", "5"], ["/"]],
  ["{[a,b],c}d", ["ad", ",d", "cd"], ["d"]],
  ["[ab]*", ["a", "bc"], ["c", ""]],

  // `\x`: the sign itself.
  ["\\*", ["*"], ["a", ""]],
  ["a\\?b", ["a?b"], ["axb"]],
  ["\\{a,b\\}", ["{a,b}"], ["a"]],
  ["\\[a\\]", ["[a]"], ["a"]],
  ["\\\\", ["\\"], ["a"]],
  ['\\!a\\(b\\|c\\)\\"\\+', ['!a(b|c)"+'], ["a"]],
  ["a\\,b", ["a,b"], ["a"]],
  ["{a\\,b,c}", ["a,b", "c"], ["a", "b"]],
  ["\\./a", ["./a"], ["a"]],
  ["[a]\\+", ["a+"], ["aa"]],
];

describe("what a pattern matches", () => {
  it.each(meanings)("%s", (pattern, matches, others) => {
    const { match } = compileGlobs([pattern]);
    expect(matches.filter((text) => !match(text))).toEqual([]);
    expect(others.filter((text) => match(text))).toEqual([]);
  });

  it("no patterns match nothing", () => {
    expect(compileGlobs([]).match("a")).toBe(false);
    expect(compileGlobs([]).match("")).toBe(false);
  });
});

describe("patterns of one list", () => {
  it.each<[list: string[], matches: string[], others: string[]]>([
    [
      ["a/b", "a/c"],
      ["a/b", "a/c"],
      ["a", "a/", "a/bc"],
    ],
    [
      ["a/b", "a/b/c"],
      ["a/b", "a/b/c"],
      ["a/b/", "a"],
    ],
    [["ab*", "abc/d"], ["ab", "abc", "abc/d"], ["abd/d"]],
    [["a", "a*/b"], ["a", "a/b", "ac/b"], ["ab"]],
    [["[ab]c", "[ab]d", "[a]e"], ["ac", "bd", "ae"], ["be"]],
    [
      ["?a", "?b"],
      ["xa", "xb"],
      ["x", "a"],
    ],
    // Choices end in places of their own.
    [
      ["{a,b}c", "{a,b}d"],
      ["ac", "bd"],
      ["a", "b"],
    ],
    [["x{a,b}y", "xaz"], ["xay", "xby", "xaz"], ["xbz"]],
    // The slash of `/**/` is no slash that a pattern spells.
    [["a/**/b", "a/**{/c,d}"], ["a/b", "a//c", "a/d"], ["a/c"]],
    [["a/**/b", "a/**/"], ["a/b", "a/"], ["a"]],
    [["**/b", "**{/c,d}"], ["b", "/c", "d"], ["c"]],
    [["a/**", "a/**{b,c}"], ["a", "a/b"], ["ab"]],
    [
      ["/**/b", "{/**/a,c}"],
      ["//b", "/a", "c"],
      ["/b", "b", "a"],
    ],
  ])("%j", (list, matches, others) => {
    for (const patterns of [list, list.toReversed()]) {
      const { match } = compileGlobs(patterns);
      expect(matches.filter((text) => !match(text))).toEqual([]);
      expect(others.filter((text) => match(text))).toEqual([]);
    }
  });
});

describe("what can follow", () => {
  it.each<[pattern: string, leads: string[], others: string[]]>([
    ["a/b/c", ["a/", "a/b/"], ["b/", "a/c/", "a/b/c/", "a/b/c/d/"]],
    ["a/**", ["a/", "a/b/", "a/b/c/"], ["b/", "ab/"]],
    ["**", ["a/", "a/b/"], []],
    ["**/c", ["a/", "a/b/"], []],
    ["a/*/c", ["a/", "a/b/"], ["b/", "a/b/c/"]],
    ["a/b*/c", ["a/b/", "a/bb/"], ["a/c/"]],
    ["a/{b/c,d}", ["a/", "a/b/"], ["a/d/", "a/c/"]],
    ["a/[bc]/d", ["a/b/"], ["a/d/"]],
    ["a/b/?", ["a/b/"], ["a/c/"]],
  ])("%s", (pattern, leads, others) => {
    const globs = compileGlobs([pattern]);
    expect(leads.filter((text) => !globs.leads(text))).toEqual([]);
    expect(others.filter((text) => globs.leads(text))).toEqual([]);
  });
});

describe("a fence", () => {
  // Only what a pattern spells out is taken there; everywhere else wildcards take what they take.
  it.each<[pattern: string, text: string, within: boolean, without: boolean]>([
    ["a*", "a?b", false, true],
    ["a?b", "a?b", false, true],
    ["a[^x]b", "a?b", false, true],
    ["a[?]b", "a?b", false, true],
    ["a/**", "a/b?c", false, true],
    ["**", "a?c", false, true],
    ["**/c", "a?/c", false, true],
    ["a\\?b", "a?b", true, true],
    ["a{\\?b,c}", "a?b", true, true],
    ["a*\\?b", "ax?b", true, true],
    ["a*\\?b", "a?b", true, true],
    ["a\\?*", "a?b?c", true, true],
    ["a\\?x/**", "a?x/y", true, true],
    ["a*\\?b", "a?c?b", false, true],
    ["\\?**", "?a", true, true],
  ])("%s over %s", (pattern, text, within, without) => {
    const { match } = compileGlobs([pattern]);
    expect(match(text, text.indexOf("?"))).toBe(within);
    expect(match(text)).toBe(without);
  });
});

const choices = "choices are {a,b}, and a literal sign is \\(";
const braces = "braces hold choices, {a,b}, and a literal one is \\{";
const brackets = "brackets hold characters, [a-z] or [^a-z], and a literal one is \\[";
const backslash = "a backslash makes a sign literal, \\?";
const onlyAllows =
  'a list only allows, so leave this out and list the rest, such as "fal-ai/flux/**"';

describe("refused", () => {
  it.each<[pattern: string, why: string]>([
    // A list cannot take back what it allows.
    ["!a", onlyAllows],
    ["!fal-ai/veo3/**", onlyAllows],
    ["!!a", onlyAllows],
    ["!(a)", onlyAllows],
    ["!", onlyAllows],
    ["./a", 'no name begins with "./"'],
    // What picomatch gives another meaning to.
    ["+(a)", choices],
    ["a/@(b|c)", choices],
    ["a/!(b)", choices],
    ["?(a)b", choices],
    ["*(a)", choices],
    ["a/(b)", choices],
    ["a/b)", choices],
    ["a|b", choices],
    ['"a"', choices],
    ["[ab]+", choices],
    ["{a,b}+", choices],
    ["{+a,b}", choices],
    ["a]", choices],
    ["{1..3}", braces],
    ["{a..c}/x", braces],
    ["{a,b..c}", braces],
    ["{a,..}", braces],
    ["{a,.\\.}", braces],
    ["{a}", braces],
    ["{}", braces],
    ["{a,{b}}", braces],
    ["{a,b", braces],
    ["{a,{b,c}", braces],
    ["a,b}", braces],
    ["{a,b}}", braces],
    ["[!a]", brackets],
    ["[[:alpha:]]", brackets],
    ["[a", brackets],
    ["[]", brackets],
    ["[]a]", brackets],
    ["[^]", brackets],
    ["[^]a]", brackets],
    ["[a/b]", brackets],
    ["[[a]", brackets],
    ["[\\w]", brackets],
    ["[a\\/]", brackets],
    ["[z-a]", brackets],
    ["[a-zz-a]", brackets],
    ["[b-ca-a0-]x[9-0]", brackets],
    ["[a\\]", brackets],
    ["\\a", backslash],
    ["a\\D", backslash],
    ["a\\1", backslash],
    ["a\\/b", backslash],
    ["a\\", backslash],
  ])("%s", (pattern, why) => {
    expect(() => compileGlobs(["ok", pattern], "allowedEndpoints")).toThrow(
      new TypeError(`fal proxy: allowedEndpoints cannot have ${JSON.stringify(pattern)}: ${why}.`),
    );
  });

  it.each([[""], [undefined], [null], [7], [["a"]], [{}]])("%j, which is no text", (pattern) => {
    expect(() => compileGlobs([pattern as string])).toThrow(
      new TypeError(`fal proxy: a list cannot have ${JSON.stringify(pattern)}: it must be a text.`),
    );
  });

  it("a text in place of a list", () => {
    expect(() => compileGlobs("a*" as never)).toThrow(TypeError);
  });
});
