/** Which hosts are fal's. */

/**
 * Whether a host, in lower case and without a port, is fal's own: the key goes to no other, whatever
 * the patterns say, and no other may stand in a `location` that is passed on.
 */
export const isFalHost = (host: string): boolean =>
  /^(?:[a-z0-9-]+\.)*(?:fal\.(?:run|ai|dev|media)|falrun\.com)$/.test(host);
