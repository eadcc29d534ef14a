/** Gathers the text of a streaming model: some send what is new, some everything so far. */

/**
 * @param text what was gathered up to now
 * @param event one event of the stream
 */
export function appendText(text: string, event: unknown): string {
  const added = addedBy(event);
  if (added !== undefined) return text + added;
  const whole = typeof event === "string" ? event : wholeOf(event);
  if (whole === undefined) return text;
  return whole.startsWith(text) ? whole : text + whole;
}

/** The readable part of a result: what a text model answered. */
export function textOf(result: unknown): string {
  return (typeof result === "string" ? result : wholeOf(result)) ?? "";
}

/** Only what is new: `delta` and `token`, or OpenAI's shape, as router models stream it. */
function addedBy(event: unknown): string | undefined {
  const { delta, token, choices } = (event ?? {}) as {
    delta?: unknown;
    token?: unknown;
    choices?: Array<{ delta?: { content?: unknown } }>;
  };
  return [delta, token, choices?.[0]?.delta?.content].find((piece) => typeof piece === "string");
}

function wholeOf(event: unknown): string | undefined {
  const { output, text, content, results } = (event ?? {}) as Record<string, unknown>;
  return [output, text, content, results].find((piece) => typeof piece === "string");
}
