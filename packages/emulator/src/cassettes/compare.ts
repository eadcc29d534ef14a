/** Whether two calls are the same, and if not, what differs. */

/** JSON whose keys are sorted: equal inputs have equal texts. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

/** A query whose parameters are sorted. */
export function sortedQuery(query: URLSearchParams): string {
  const sorted = new URLSearchParams(query);
  sorted.sort();
  return sorted.toString();
}

/** How many differences a message names. */
const shown = 5;

/** Differences in words: `prompt: "a cat" was recorded, "a dog" was sent`. */
export function differences(recorded: unknown, sent: unknown): string[] {
  const found: string[] = [];
  walk(recorded, sent, "", found);
  const more = found.length - shown;
  return more > 0 ? [...found.slice(0, shown), `and ${more} more`] : found;
}

function walk(recorded: unknown, sent: unknown, path: string, found: string[]): void {
  if (canonical(recorded) === canonical(sent)) return;
  if (!isObject(recorded) || !isObject(sent)) {
    found.push(`${path || "the input"}: ${brief(recorded)} was recorded, ${brief(sent)} was sent`);
    return;
  }
  for (const name of new Set([...Object.keys(recorded), ...Object.keys(sent)])) {
    walk(recorded[name], sent[name], path ? `${path}.${name}` : name, found);
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

function brief(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
