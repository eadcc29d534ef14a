/** What a difference between the published package and ours is, and when it was meant. */

/** A text as a whole, a pattern, or null: there is no such thing. */
type Value = string | RegExp | null;

export interface Intended {
  /** Absent where it mends no fault but is a choice. */
  readonly row?: string;
  readonly why: string;
  /** @default both */
  readonly framework?: "express" | "hono";
  /** Each of these must show it. @default any request */
  readonly requests?: readonly string[];
  /** What differs, by name: theirs, then ours. Each must occur. */
  readonly changes: Readonly<Record<string, readonly [theirs: Value, ours: Value]>>;
}

/** Whether a difference, undefined being "no such thing", is one of this entry's changes. */
export function covers(
  intended: Intended,
  framework: string,
  request: string,
  seen: Change,
): boolean {
  const [theirs, ours] = intended.changes[seen.fact] ?? [];
  return (
    (intended.framework ?? framework) === framework &&
    (intended.requests?.includes(request) ?? true) &&
    matches(theirs, seen.theirs) &&
    matches(ours, seen.ours)
  );
}

/** One fact that differs. */
export interface Change {
  readonly fact: string;
  readonly theirs: string | undefined;
  readonly ours: string | undefined;
}

function matches(wanted: Value | undefined, seen: string | undefined): boolean {
  if (wanted instanceof RegExp) return wanted.test(seen ?? "");
  return wanted !== undefined && wanted === (seen ?? null);
}
