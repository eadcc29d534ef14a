/** Every host that fal answers on, and the part of fal behind it. */

/** A part of fal, by the name of its principal host. */
export type Part =
  | "fal.run"
  | "queue.fal.run"
  | "rest.fal.ai"
  | "api.fal.ai"
  | "fal.ai"
  | "wma.fal.run"
  | "fal.media";

const parts: Readonly<Record<string, Part>> = {
  "fal.run": "fal.run",
  // Another name for its sockets.
  "ws.fal.run": "fal.run",
  "queue.fal.run": "queue.fal.run",
  "rest.fal.ai": "rest.fal.ai",
  // Its name up to version 1.9 of the JavaScript client, and to clients of other languages still.
  "rest.alpha.fal.ai": "rest.fal.ai",
  "api.fal.ai": "api.fal.ai",
  "fal.ai": "fal.ai",
  "wma.fal.run": "wma.fal.run",
  "v3.fal.media": "fal.media",
  "v3b.fal.media": "fal.media",
  "fal.media": "fal.media",
  // Backup names behave as the names they stand in for.
  "falrun.com": "fal.run",
  "queue.falrun.com": "queue.fal.run",
};

/** Their names, in lower case. */
export const falHosts: readonly string[] = Object.keys(parts);

/** The part of fal behind a host name, in any case; undefined for a name that is not fal's. */
export function partOf(host: string): Part | undefined {
  const name = host.toLowerCase();
  return Object.hasOwn(parts, name) ? parts[name] : undefined;
}
