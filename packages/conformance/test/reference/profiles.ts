/** The reference proxy in each of the kit's profiles, started in this process. */
import { allowedEndpoints, type ProfileName } from "../../src/profiles.ts";
import type { StartRequest } from "../../src/runner.ts";
import type { Started } from "../../src/start.ts";
import { correct, type Behaviour, type Config } from "./behaviour.ts";
import type { Sloppiness } from "./sloppy-front.ts";
import { startReference, type ReferenceOptions } from "./server.ts";

const path = "/api/fal/proxy";

/** Profiles that the reference proxy offers: all of them. */
export const offered: readonly ProfileName[] = [
  "locked",
  "authenticated",
  "signed-in",
  "undefined-auth",
  "env-auth",
  "adapter-key",
  "throwing",
  "cors",
  "tokens",
  "small-limits",
  "webhooks-deny",
  "webhooks-hosts",
  "ownership",
  "fal-hosts",
  "compressed",
  "parsed",
  "chain",
  "subpaths",
  "http2",
];

const isGood: Config["check"] = (headers) => headers["x-conformance-user"] === "good";

const changes: Partial<Record<ProfileName, Partial<Config>>> = {
  locked: { locked: true },
  authenticated: { check: isGood },
  "signed-in": { check: isGood, locked: true },
  "undefined-auth": { key: undefined },
  throwing: {
    check: () => {
      throw new Error("conformance fault at /srv/app/secret.js");
    },
  },
  cors: { origins: ["https://app.example"] },
  tokens: { tokens: true, endpoints: allowedEndpoints },
  "small-limits": { maxBodyBytes: 1024 * 1024, headersMs: 1500, idleMs: 1500 },
  "webhooks-deny": { webhooks: [] },
  "webhooks-hosts": { webhooks: ["hooks.example"] },
  ownership: { ownership: true },
  "fal-hosts": { falHosts: true },
};

export interface Variation {
  readonly behaviour?: Behaviour;
  readonly port?: number;
  /** A careless server in front. */
  readonly front?: Sloppiness | undefined;
}

export async function startProfile(
  { profile, environment }: StartRequest,
  { behaviour = correct, port, front }: Variation = {},
): Promise<Started> {
  const config = behaviour.configure({
    profile,
    upstream: environment.FAL_PROXY_UPSTREAM ?? "",
    path,
    endpoints: (environment.FAL_PROXY_ENDPOINTS ?? "").split(",").filter(Boolean),
    key: environment.CONFORMANCE_KEY ?? behaviour.readKey(environment),
    locked: false,
    origins: [],
    tokens: false,
    webhooks: undefined,
    falHosts: false,
    ownership: false,
    maxBodyBytes: 64 * 1024 * 1024,
    headersMs: 3_600_000,
    idleMs: 3_600_000,
    ...changes[profile],
  });
  const options: ReferenceOptions = {
    behaviour,
    config,
    parsed: profile === "parsed",
    compressed: profile === "compressed",
    subpaths: profile === "subpaths",
    http2: profile === "http2",
    ...(port !== undefined && { port }),
    front,
  };
  return startReference(options);
}
