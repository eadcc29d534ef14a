/** Finds out, before any rule is judged, whether a running proxy reaches the kit's fal at all. */
import { describeReply } from "./describe.ts";
import type { Rig } from "./rig.ts";

/** @returns what to do about it, or undefined when a plain call reaches fal */
export async function whyUnreached(rig: Rig): Promise<string | undefined> {
  const { fal, reply } = await rig.call();
  if (fal.length > 0) return undefined;
  return [
    `A plain call through ${rig.url.href} does not reach the kit's fal. Start the proxy with`,
    `  FAL_PROXY_UPSTREAM=${rig.emulator.url}`,
    `  FAL_KEY=${rig.key}`,
    "and let it call $FAL_PROXY_UPSTREAM/HOST/PATH in place of https://HOST/PATH (rule P-71).",
    "It answered:",
    describeReply(reply),
  ].join("\n");
}
