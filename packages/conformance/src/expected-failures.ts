/** A list of cases that are known to fail: they still run, and the list must shrink when one begins to pass. */
import { readFile } from "node:fs/promises";

/** Case id → the reason given for it, or an empty text. */
export type ExpectedFailures = ReadonlyMap<string, string>;

/**
 * Reads a list: one case id per line, anything after `#` is the reason.
 *
 * @throws when the file cannot be read, or names a case that does not exist
 */
export async function readExpectedFailures(
  file: string,
  known: ReadonlySet<string>,
): Promise<ExpectedFailures> {
  return parseExpectedFailures(await readFile(file, "utf8"), known, file);
}

export function parseExpectedFailures(
  text: string,
  known: ReadonlySet<string>,
  file = "expected failures",
): ExpectedFailures {
  const expected = new Map<string, string>();
  for (const [index, line] of text.split("\n").entries()) {
    const [id = "", ...reason] = line.split("#");
    const name = id.trim();
    if (name === "") continue;
    if (!known.has(name)) {
      throw new Error(`${file}:${index + 1}: there is no case "${name}"; --list shows them all`);
    }
    expected.set(name, reason.join("#").trim());
  }
  return expected;
}
