/** Reads a URL without the exception. */

/** The parsed URL, or undefined for what is none. (`URL.parse` is younger than the oldest Node that we serve.) */
export function parseUrl(text: string, base?: string): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}
