/** What the proxy writes of an exception: one line, bounded, without bodies, keys or control characters. */

const MOST = 300;

/**
 * An exception in one line, with the place where it was thrown. Never throws.
 *
 * @param credential never written, whatever the exception says
 */
export function describeError(error: unknown, credential?: string): string {
  try {
    return describe(error, credential);
  } catch {
    // Some libraries make a message when it is asked for, and fail at it.
    return "something was thrown that throws when it is looked at";
  }
}

function describe(error: unknown, credential?: string): string {
  const { name, message, stack } = (error ?? {}) as Partial<Record<keyof Error, unknown>>;
  const isError = typeof name === "string" && typeof message === "string";
  // JSON.parse quotes what it could not read, which is somebody's input.
  const said = name === "SyntaxError" ? "what it read is left out" : message;
  const text = isError ? `${name}: ${said}` : `${typeof error} was thrown`;
  const frames = isError && typeof stack === "string" ? stack.split(message).at(-1) : "";
  const [place = ""] = /\bat .+/.exec(frames ?? "") ?? [];
  return clean(withoutKey(place ? `${text} (${place})` : text, credential));
}

/** Reports trouble on stderr. */
export function print(what: string, error: unknown, credential?: string): void {
  console.error(`fal proxy: ${what}: ${describeError(error, credential)}`);
}

function clean(text: string): string {
  const escaped = text
    .slice(0, MOST)
    .replaceAll(
      /[\p{C}\p{Zl}\p{Zp}]/gu,
      (mark) => `\\u{${mark.codePointAt(0)?.toString(16) ?? ""}}`,
    );
  return text.length > MOST ? `${escaped}…` : escaped;
}

function withoutKey(text: string, credential = ""): string {
  const [, key = "", secret = ""] = /^\S+\s+([^:\s]*:?(\S*))$/.exec(credential) ?? [];
  return [key, secret].reduce(
    (shown, hidden) => (hidden ? shown.replaceAll(hidden, "[key]") : shown),
    text,
  );
}
