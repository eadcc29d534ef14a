// Every case of fal-proxy-conformance against an app's own `next start`, once for each configuration.
import type { ProfileName } from "fal-proxy-conformance";
import { exampleCommand, examplePath } from "../../packages/proxy/test/conformance/example-app.ts";
import { judge } from "../../packages/proxy/test/conformance/judge.ts";

interface Judged {
  /** The app's folder. */
  readonly app: string;
  /** Where it answers. @default the documented path, or /api/fal/conformance where options are needed */
  readonly path?: (profile: ProfileName) => string;
  readonly without?: Partial<Record<ProfileName, string>>;
  readonly departures?: Readonly<Record<string, string>>;
}

export function testConformance(name: string, { app, path, without, departures }: Judged): void {
  judge(name, {
    command: exampleCommand(app, "node_modules/next/dist/bin/next start --hostname 127.0.0.1"),
    path: path ?? examplePath,
    without: {
      "adapter-key": "the key comes from the environment, or from resolveFalAuth",
      chain: "nothing runs after a route",
      http2: "next start speaks HTTP/1.1",
      ...without,
    },
    ...(departures && { departures }),
  });
}

/** Where an example answers in a profile: on a route that people copy, else on the one that takes options. */
export const onRoutes =
  (plain: string, configured: string) =>
  (profile: ProfileName): string =>
    examplePath(profile) === "/api/fal/proxy" ? plain : configured;
