/** Whom the gateway talks to: fal with a key, a stand-in on this machine, or an emulator of its own. */
import { createEmulator, type Emulator } from "fal-emulator";

/** The gateway's other side, once it is known to work. */
export interface Upstream {
  kind: "fal" | "emulator" | "stand-in";
  /** What is sent as fal's key. Goes to the proxy only. */
  key: string;
  /** Where requests really go; undefined: to fal. */
  url: string | undefined;
  /** The emulator that was started here. */
  emulator: Emulator | undefined;
}

/**
 * @param key fal's key; without one an emulator is started and nothing is billed
 * @param url a stand-in for fal, as `FAL_PROXY_UPSTREAM` names it; needs a key that it accepts
 * @throws Error when a stand-in is named without a key
 */
export async function openUpstream(
  key: string | undefined,
  url: string | undefined,
): Promise<Upstream> {
  if (key !== undefined) return { kind: url ? "stand-in" : "fal", key, url, emulator: undefined };
  if (url !== undefined) {
    throw new Error("FAL_PROXY_UPSTREAM is set without FAL_KEY: set the key that it accepts.");
  }
  const emulator = await createEmulator();
  return { kind: "emulator", key: emulator.key, url: emulator.url, emulator };
}
