/** What the conformance kit has to know of a server that it judges. The tables of them are plain modules, so that `npm run case` starts at once. */
import type { ProfileName } from "fal-proxy-conformance";

export interface Subject {
  /** The file in `packages/proxy/src/adapters` that it shows, without its ending. Left out where the library is not used. */
  readonly adapter?: string;
  /** A shell command that starts its server; it gets `PORT`, `FAL_KEY`, `FAL_PROXY_UPSTREAM` and `FAL_PROXY_PROFILE`. */
  readonly command: string;
  /** Where the proxy answers in this profile. @default "/api/fal/proxy" in every profile */
  readonly path?: (profile: ProfileName) => string;
  /** Profiles that this framework has no place for, each with the reason. Their cases are not run. */
  readonly without: Partial<Record<ProfileName, string>>;
  /** Cases in which the framework itself departs from the protocol, each with the reason. One that passes is an error. */
  readonly departures?: Readonly<Record<string, string>>;
  /** Whether the server begins a call before it has the whole body, so that one can be given up. @default true */
  readonly streamsUploads?: boolean;
  /** The npm package to judge as well. */
  readonly packageFolder?: string;
  /** Before the first server: makes what the command starts, unless it is there already. */
  readonly prepare?: () => Promise<void>;
}
