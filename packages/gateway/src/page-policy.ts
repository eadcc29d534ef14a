/** The security headers of the playground page: it runs its own script and shows fal's media, nothing else. */

/** fal's file hosts: `fal.media` with its subdomains, and the bucket that older models still answer with. */
const MEDIA = ["https://fal.media", "https://*.fal.media", "https://storage.googleapis.com"];

/**
 * @param origins further origins that hold files: the emulator's
 * @returns header names and values for every answer that the page is made of
 */
export function pageHeaders(origins: readonly string[]): Record<string, string> {
  const files = [...MEDIA, ...origins].join(" ");
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    // data: and blob: are results in sync mode, and files that the visitor picked.
    `img-src 'self' data: blob: ${files}`,
    `media-src 'self' data: blob: ${files}`,
    // Bytes of an upload go to the file host directly; everything else goes through the proxy.
    `connect-src 'self' ${files}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    "content-security-policy": policy.join("; "),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
  };
}
