/** Reads JSON without the exception, and finds what two parsers would read differently. */

/** The value, or undefined for a text that is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Whether some object in a JSON text has a key twice: parsers disagree about which value counts.
 *
 * Goes through the text by hand: a regular expression for a string keeps a way back for each of its
 * characters, and overflows at a few MB.
 *
 * @param text valid JSON
 */
export function hasRepeatedKeys(text: string): boolean {
  // The keys so far of each open object. An array needs no place: no key stands in it.
  const open: Array<Set<string> | undefined> = [];
  let last = "";
  for (let at = 0; at < text.length; at += 1) {
    const mark = text[at];
    if (mark === '"') {
      const end = endOfString(text, at + 1);
      last = text.slice(at, end + 1);
      at = end;
    } else if (mark === "{") open.push(undefined);
    else if (mark === "}") open.pop();
    else if (mark === ":") {
      // The same key may be written in several ways.
      const key = last.includes("\\") ? (JSON.parse(last) as string) : last.slice(1, -1);
      const keys = (open[open.length - 1] ??= new Set());
      if (keys.has(key)) return true;
      keys.add(key);
    }
  }
  return false;
}

/** The index of the quote that closes a string. @param from behind the one that opens it */
function endOfString(text: string, from: number): number {
  let at = from;
  while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}
