/** Which hosts are fal's, and which stand in for which. */

/**
 * Whether a host, in lower case and without a port, is fal's own: the key goes to no other, whatever
 * the patterns say, and no other may stand in a `location` that is passed on.
 */
export const isFalHost = (host: string): boolean =>
  /^(?:[a-z0-9-]+\.)*(?:fal\.(?:run|ai|dev|media)|falrun\.com)$/.test(host);

const BACKUPS: Readonly<Record<string, string>> = {
  "https://fal.run": "https://falrun.com",
  "https://queue.fal.run": "https://queue.falrun.com",
};

/** The origin of the same service under fal's backup name; undefined where it has none. */
export const backupOrigin = (origin: string): string | undefined => BACKUPS[origin];
