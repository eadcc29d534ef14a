/** Reads JSON without the exception, and finds what two parsers would read differently. */

/** The value, or undefined for a text that is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Strings whole, so that no bracket inside one counts; the marks that make the structure. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g;

/**
 * Whether some object in a JSON text has a key twice: parsers disagree about which value counts.
 *
 * @param text valid JSON
 */
export function hasRepeatedKeys(text: string): boolean {
  // One set of keys for each open object, nothing for an open array.
  const open: Array<Set<string> | undefined> = [];
  let last = "";
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(undefined);
    else if (token === "}" || token === "]") open.pop();
    else if (token !== ":") last = token;
    else {
      // The same key may be written in several ways.
      const key = JSON.parse(last) as string;
      const keys = open.at(-1) as Set<string>;
      if (keys.has(key)) return true;
      keys.add(key);
    }
  }
  return false;
}
