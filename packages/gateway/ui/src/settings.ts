/** What the gateway tells the page about itself. */

export interface Settings {
  /** The client's `proxyUrl`. */
  proxyUrl: string;
  /** Whom the gateway talks to: `emulator` and `stand-in` cost nothing. */
  upstream: "fal" | "emulator" | "stand-in";
  /** What the emulator serves; absent: anything. */
  models?: ReadonlyArray<{ id: string; title: string }>;
}

/** @throws TypeError when the gateway does not answer */
export async function loadSettings(): Promise<Settings> {
  const response = await fetch("/playground.json");
  if (!response.ok) throw new TypeError(`The gateway answered ${response.status}`);
  return (await response.json()) as Settings;
}
