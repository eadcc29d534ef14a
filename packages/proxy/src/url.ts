/** Reads URLs, and tells those that everybody reads the same: what is judged here is read again by others. */

/** The parsed URL, or undefined for what is none. (`URL.parse` is younger than the oldest Node that we serve.) */
export function parseUrl(text: string, base?: string): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

// Anything but printable ASCII, and the backslash.
const OUTSIDE_URL = /[^!-[\]-~]/;

// What another server might read as a different path than the rules did: an empty segment, a path
// parameter, dots, and every escape but those of characters that must be escaped. So no encoded
// controls, dots, slashes, backslashes, percent signs or semicolons, no encoded unreserved character
// (RFC 3986 §2.3 says those are the same URL), no broken escape.
const AMBIGUOUS_PATH =
  /%(?!2[0-46-9a-c]|3[ac-f]|40|5[bde]|60|7[b-d]|[89a-f][0-9a-f])|;|\/\/|\/\.\./i;

/**
 * The URL that a text spells beyond doubt: `https`, and host and path written as they are parsed. It
 * may have a port. The query is not looked at.
 *
 * @returns else what the text must do to be one, as the end of a sentence. Takes time in proportion
 *   to the length.
 * @see PROTOCOL.md, "Target"; RFC 3986 §2.3 and §6.2.2; WHATWG URL
 */
export function readPlainUrl(text: string): URL | string {
  const [, host, path] = /^https:\/\/([^/?#]+)(\/[^?#]*|$)/i.exec(text) ?? [];
  const url = parseUrl(text);
  if (OUTSIDE_URL.test(text) || !host || !url) {
    return "must be one https:// URL; percent-encode spaces, backslashes, non-ASCII";
  }
  // What the parser made of them must be what was written.
  if (url.host !== host.toLowerCase()) return PLAIN_HOST;
  if (url.pathname !== (path || "/") || AMBIGUOUS_PATH.test(url.pathname)) {
    return "must have a plain path: no dot segments, none empty or needlessly encoded";
  }
  return url;
}

/** What a host must be. */
export const PLAIN_HOST = "must name its host plainly, without user, password or port";
