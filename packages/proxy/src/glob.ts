/**
 * Matches texts against globs, many at once. They are the gate of a wallet and anybody may knock, so
 * no text and no list makes a match take longer than length of the text × length of the patterns,
 * and a list of ten thousand usually takes what one pattern takes.
 *
 * The patterns are one tree. A match keeps the set of nodes that the text can have reached and goes
 * through the text once: nothing is tried again, and no pattern becomes a regular expression.
 */
import { Node, plant } from "./glob-tree.ts";

/** Compiled patterns. */
export interface Globs {
  /**
   * Whether one of them matches the whole text.
   *
   * @param fence an index that no wildcard takes, only a character that a pattern spells out
   */
  match(text: string, fence?: number): boolean;
  /** Whether one of them can match something that begins with `text`, which ends in a slash. */
  leads(text: string): boolean;
}

/** Hears how much work was done, in steps of constant cost. */
type Count = (steps: number) => void;

/**
 * Compiles a list of patterns; a text matches when one of them does. No text is empty.
 *
 * @param option what the list is called in messages
 * @param count for tests
 * @throws TypeError that names the pattern, says what is wrong and shows the right form
 */
export function compileGlobs(patterns: readonly string[], option = "a list", count?: Count): Globs {
  const root = new Node();
  patterns.forEach((pattern) =>
    plant(root, pattern, (why) => {
      throw new TypeError(`fal proxy: ${option} cannot have ${JSON.stringify(pattern)}: ${why}.`);
    }),
  );
  return {
    match: (text, fence = -1) => text !== "" && walk(root, text, fence, false, count),
    leads: (text) => walk(root, text, -1, true, count),
  };
}

let visits = 0;

/** The index behind the last slash before a segment of dots: no wildcard that crosses slashes takes it. */
const dotsIn = (text: string): number => /^.*\/(?=\.\.?(\/|$))/s.exec(text)?.[0].length ?? 0;

function walk(root: Node, text: string, fence: number, leads: boolean, count?: Count): boolean {
  const { length } = text;
  // The nodes reached here, one character on, and at the end of the segment.
  let here = [root];
  let next: Node[] = [];
  let behind: Node[] = [];
  let end = 0;
  let segment = "";
  let dots: number | undefined;
  for (let at = 0; here.length > 0;) {
    if (leads && at === length) return true;
    const begins = at === end;
    if (begins) {
      end = text.indexOf("/", at) + 1 || length;
      segment = text.slice(at, end);
    }
    visits += 1;
    // Edges that take no character add to `here` while it is gone through.
    for (const node of here) {
      // Each node once per character: this is what bounds the work.
      if (node.visit === visits) continue;
      node.visit = visits;
      if (
        node.ends &&
        (at === length || (node.open && at > fence && at >= (dots ??= dotsIn(text))))
      ) {
        return true;
      }
      const { literals, edges } = node;
      if (literals) {
        const one = literals.get(text.charAt(at));
        if (one) next.push(one);
        const whole = begins && literals.get(segment);
        if (whole) behind.push(whole);
      }
      for (const { takes, test, to } of edges) {
        if ((!takes || (at < length && at !== fence)) && test(text, at))
          (takes ? next : here).push(to);
      }
      count?.(1 + edges.length);
    }
    if (at === length) return false;
    at = next.length > 0 ? at + 1 : end;
    here = next;
    next = [];
    if (at === end) {
      here = here.concat(behind);
      behind = [];
    }
  }
  return false;
}
