/** How a person sees one failure again: the command that runs its case alone. */

/** The options that say which proxy is judged and how; filters and files of reports are left out. */
const kept = ["start", "path", "profiles", "url", "emulator-port", "slow", "package"] as const;

/** The command line that repeats a run of `fal-proxy-conformance` with these options. */
export function commandLine(values: Partial<Record<(typeof kept)[number], unknown>>): string {
  const words = kept.flatMap((name) => {
    // The port of a fal that a started proxy is told by itself.
    if (name === "emulator-port" && values.url === undefined) return [];
    if (values[name] === true) return [`--${name}`];
    const given = [values[name] ?? []].flat().map(String);
    return given.flatMap((value) => [`--${name}`, quoted(value)]);
  });
  return ["npx fal-proxy-conformance", ...words].join(" ");
}

/** A word as a POSIX shell reads it back. */
const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** The command that runs one case, by the command line of its run. */
export const repeatCase = (id: string, run: string = "npx fal-proxy-conformance"): string =>
  `${run} --only ${id}`;
