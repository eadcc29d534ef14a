/**
 * What a glob means: its grammar, and the nodes that it adds to a tree of patterns.
 *
 * A pattern means what it means to picomatch (`{ dot: true }`), which the published package uses, on
 * a part of its grammar. The rest is refused: a list that means something else than it says is an
 * open door.
 */

/** A place in the tree: so much of a text has been matched. All of one shape, for speed. */
export class Node {
  /** Where a literal character leads, or a whole literal segment: with its slash, or as the last. */
  literals: Map<string, Node> | undefined = undefined;
  /** Where wildcards, classes and mere conditions lead. */
  readonly edges: Edge[] = [];
  /** Whether a pattern ends here. */
  ends = false;
  /** Whether all of the rest of a text can be taken here, dot segments aside. */
  open = false;
  /** For the matcher: when it was here last. */
  visit = 0;
}

interface Edge {
  /** Edges of one key are one, so that patterns share what begins alike. */
  readonly key: unknown;
  /** How many characters it takes. */
  readonly takes: 0 | 1;
  readonly test: Test;
  readonly to: Node;
}

/** Whether a text lets a match pass at this index, which is its end only for edges that take nothing. */
type Test = (text: string, at: number) => boolean;

const always: Test = () => true;
// The same in another place: tests are the keys of edges.
const anywhere: Test = () => true;
const atEnd: Test = (text, at) => at === text.length;
const notSlash: Test = (text, at) => text[at] !== "/";
const isSlash: Test = (text, at) => text[at] === "/";
// At the beginning of a segment no wildcard takes one that is a dot or two.
const noDots: Test = (text, at) => !/^\.\.?(\/|$)/.test(text.slice(at, at + 3));
const noDotsYet: Test = (text, at) => noDots(text, at - 1);
const someButDots: Test = (text, at) => at < text.length && noDots(text, at);
const acrossSlashes: Test = (text, at) =>
  notSlash(text, at) ? at > 0 || noDots(text, at) : noDots(text, at + 1);

/** The node behind a literal. */
function step(from: Node, literal: string): Node {
  const steps = (from.literals ??= new Map<string, Node>());
  const to = steps.get(literal) ?? new Node();
  steps.set(literal, to);
  return to;
}

/** The node behind an edge. */
function link(from: Node, key: unknown, takes: 0 | 1, test: Test, to?: Node): Node {
  let edge = from.edges.find((known) => known.key === key);
  if (!edge) from.edges.push((edge = { key, takes, test, to: to ?? new Node() }));
  return edge.to;
}

/** The node behind any number of characters. */
function loop(from: Node, enter: Test, test: Test): Node {
  const to = link(from, enter, 0, enter);
  to.open = enter === noDots;
  return link(to, to, 1, test, to);
}

/** What is wrong with a pattern, by the character at which it goes wrong. */
const WRONG: Readonly<Record<string, string>> = {
  "!": 'a list only allows, so leave this out and list the rest, such as "fal-ai/flux/**"',
  ".": 'no name begins with "./"',
  "{": "braces hold choices, {a,b}, and a literal one is \\{",
  "[": "brackets hold characters, [a-z] or [^a-z], and a literal one is \\[",
  "\\": "a backslash makes a sign literal, \\?",
};
const SIGN = "choices are {a,b}, and a literal sign is \\(";

// A literal segment, and the slash behind it unless the pattern ends.
const WORD = /^([^"()*/?[\\\]{|}]+)(\/|$)/;

// An escaped sign, a class, stars, or any other character that has one meaning.
const TOKEN =
  /^(?:\\([^a-z\d/])|\[(?!\^?\]|!)(\^?)((?:\\[^a-z\d/]|[^/[\\\]])+)\]|\*+|[^"()[\\\]|])/i;

/**
 * Adds a pattern to the tree below `root`.
 *
 * @param wrong throws, with what is wrong and the right form
 */
export function plant(root: Node, pattern: string, wrong: (why: string) => never): void {
  let rest = pattern;
  let node = root;
  // Open braces: where their choices begin, and where those so far end.
  const groups: { from: Node; ends: Node[] }[] = [];
  // The token before by its sign: "" for none, "a" for a literal, "." for a dot that begins a segment.
  let before = "";
  let beforeSlash = "";
  // Where a text stands that ends before the last slash of the pattern.
  let unslashed = (): Node => root;

  const refuse = (sign = "{"): never => wrong(WRONG[sign] ?? SIGN);
  const read = (form: RegExp): RegExpExecArray | null => {
    const found = form.exec(rest);
    rest = rest.slice(found?.[0].length);
    return found;
  };
  const passSlash = (back: () => Node): void => {
    unslashed = back;
    beforeSlash = before;
    before = "/";
  };

  const stars = (count: number): void => {
    const begins = before === "" || before === "/";
    // Two stars cross slashes where they are a whole segment or, in braces, a whole choice.
    const whole = groups.length > 0 ? /^[/{,}]?\*([/{,}]|$)/ : /^\/?\*([/{]|$)/;
    if (count === 2 && whole.test(`${before}*${rest}`)) return globstar(begins ? noDots : anywhere);
    node = loop(node, begins ? someButDots : before === "." ? noDotsYet : always, notSlash);
    before = "*";
  };

  const globstar = (enter: Test): void => {
    rest = rest.replace(/^(\/\*\*(?=\/|$))+/, "");
    const any = loop(node, enter, acrossSlashes);
    // `a/**/b` is also `a/b`, and `a/**` also `a`; but `*/**` has its slash, and so has `/**`.
    const optional = before === "/" && beforeSlash !== "";
    if (rest.startsWith("/") && (optional || before === "")) {
      rest = rest.slice(1);
      // Not the literal slash, which other patterns may have behind the same stars.
      const behind = link(any, `/${rest && "more"}`, 1, isSlash);
      link(node, behind, 0, always, behind);
      if (optional && rest) link(unslashed(), behind, 0, atEnd, behind);
      node = behind;
      before = "/";
    } else {
      if (!rest && optional && beforeSlash !== "*") link(unslashed(), any, 0, atEnd, any);
      node = any;
      before = "**";
    }
  };

  const classOf = (source: string, negated: boolean, body: string): void => {
    const ranges = Array.from(
      body.matchAll(/\\?([^])(?:-\\?([^]))?/g),
      ([, first = "", last = first]) => [first, last] as const,
    );
    if (ranges.some(([first, last]) => first > last)) refuse("[");
    node = link(node, source, 1, (text, at) => {
      const char = text.charAt(at);
      const holds = ranges.some(([first, last]) => first <= char && char <= last);
      return char !== "/" && holds !== negated;
    });
    before = "]";
  };

  const literal = (char: string): void => {
    const guarded = groups.length > 0 || before === "" || before === "/";
    if (groups.length > 0 && before + char === "..") refuse();
    node = step(node, char);
    before = guarded && char === "." ? char : "a";
  };

  const closeBraces = (): void => {
    const { ends } = groups.pop() ?? { ends: [] };
    if (ends.length === 0) refuse();
    const behind = new Node();
    for (const end of [...ends, node]) link(end, behind, 0, always, behind);
    node = behind;
    before = "}";
  };

  if (!pattern || typeof pattern !== "string") wrong("it must be a text");
  if (/^(!|\.\/)/.test(pattern)) refuse(pattern.charAt(0));
  while (rest) {
    const from = node;
    const group = groups.at(-1);
    const word = !group && /^\/?$/.test(before) && read(WORD);
    if (word) {
      const [whole, segment = "", slash] = word;
      node = step(from, whole);
      before = "a";
      if (slash) passSlash(() => step(from, segment));
      continue;
    }
    const sign = rest.charAt(0);
    const [token, escaped, negated, body] = read(TOKEN) ?? refuse(sign);
    if (escaped) literal(escaped);
    else if (body) classOf(token, negated === "^", body);
    else if (sign === "/") {
      node = step(from, sign);
      passSlash(() => from);
    } else if (sign === "?") {
      node = link(from, sign, 1, notSlash);
      before = sign;
    } else if (sign === "*") stars(token.length);
    else if (sign === "{") {
      groups.push({ from, ends: [] });
      before = sign;
    } else if (sign === "}") closeBraces();
    else if (sign === "," && group) {
      group.ends.push(from);
      node = group.from;
      before = sign;
    } else if (sign === "+" && /[\]{}]/.test(before)) refuse(sign);
    else literal(sign);
  }
  if (groups.length > 0) refuse();

  node.ends = true;
  // A wildcard at the end takes a slash at the end of the text along; picomatch reads one segment of
  // letters and wildcards by simpler rules.
  if (/^[*\]]$/.test(before) && /^\*|["()/[\]{}]/.test(pattern)) step(node, "/").ends = true;
}
