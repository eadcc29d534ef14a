/** Whom the gateway talks to: fal with a key, a stand-in on this machine, or an emulator of its own. */
import type { Emulator } from "fal-emulator";
import { reachableAddress } from "./address.ts";

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
 * @param host where the gateway listens: browsers fetch pictures from the emulator themselves, so it has to be
 *   reached from where the gateway is
 * @throws Error when a stand-in is named without a key
 */
export async function openUpstream(
  key: string | undefined,
  url: string | undefined,
  host: string,
): Promise<Upstream> {
  if (key !== undefined) return { kind: url ? "stand-in" : "fal", key, url, emulator: undefined };
  if (url !== undefined) {
    throw new Error("FAL_PROXY_UPSTREAM is set without FAL_KEY: set the key that it accepts.");
  }
  // A process that holds a key does without the emulator's packages.
  const { createEmulator } = await import("fal-emulator");
  // It serves a person, not a test: a short memory of requests is enough.
  const emulator = await createEmulator({ record: 500, host: reachableAddress(host) });
  return { kind: "emulator", key: emulator.key, url: emulator.url, emulator };
}
