/** The published package and ours, each on a server of its own per profile, in front of one emulator. */
import { join } from "node:path";
import type { Emulator } from "fal-emulator";
import {
  profileEnvironment,
  startCommand,
  type ProfileName,
  type Started,
} from "fal-proxy-conformance";

export const frameworks = ["express", "hono"] as const;
export type Framework = (typeof frameworks)[number];

const here = import.meta.dirname;
const published = join(here, "../../../../examples/published/server.mjs");
// The published package knows Express 4 only.
const ours = { express: "express4.mjs", hono: "hono.mjs" };

const commandOf = (side: "theirs" | "ours", framework: Framework): string =>
  side === "theirs"
    ? `exec "${process.execPath}" "${published}" --adapter ${framework}`
    : `exec "${process.execPath}" "${join(here, "../servers", ours[framework])}"`;

export function start(
  side: "theirs" | "ours",
  framework: Framework,
  profile: ProfileName,
  fal: Emulator,
): Promise<Started> {
  return startCommand({
    command: commandOf(side, framework),
    environment: profileEnvironment(profile, { key: fal.key, upstream: fal.url }),
    path: "/api/fal/proxy",
  });
}
