/** The configurations under which a proxy is judged, and the environment that each is started with. */

/** What every profile gets; `key` is the emulator's. */
export interface ProfileSettings {
  readonly key: string;
  readonly upstream: string;
}

/** Those that the environment alone makes come first. */
export const profileNames = [
  "default",
  "endpoints",
  "no-key",
  "key-pair",
  "quoted-key",
  "prefixed-key",
  "empty-key",
  "no-upstream",
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
] as const;

export type ProfileName = (typeof profileNames)[number];

export interface Profile {
  readonly meaning: string;
  /** Made by the environment alone, so every proxy that the kit starts has it. */
  readonly builtIn: boolean;
  /** A proxy that ends by itself instead of starting keeps the rules of this profile. */
  readonly mayRefuse: boolean;
  /** Changes to the environment of `default`; `undefined` unsets. */
  environment(settings: ProfileSettings): Record<string, string | undefined>;
}

/** The list that `FAL_PROXY_ENDPOINTS` carries in `endpoints`, `locked`, `tokens` and `fal-hosts`. */
export const allowedEndpoints: readonly string[] = [
  "conformance/allowed/**",
  "conformance/exact",
  "fal-ai/flux/dev",
  "workflows/conformance/allowed",
];

const everyEndpoint = "conformance/**,fal-ai/**,workflows/**,comfy/**";
const listed = { FAL_PROXY_ENDPOINTS: allowedEndpoints.join(",") };

const option = (
  meaning: string,
  environment: Record<string, string | undefined> = {},
): Profile => ({
  meaning,
  builtIn: false,
  mayRefuse: false,
  environment: () => environment,
});

const builtIn = (
  meaning: string,
  environment: Profile["environment"],
  mayRefuse = false,
): Profile => ({ meaning, builtIn: true, mayRefuse, environment });

export const profiles: Readonly<Record<ProfileName, Profile>> = {
  default: builtIn("FAL_KEY, FAL_PROXY_UPSTREAM and PORT, nothing else", () => ({})),
  endpoints: builtIn("a list of allowed endpoints", () => listed),
  "no-key": builtIn("no FAL_KEY", () => ({ FAL_KEY: undefined }), true),
  "key-pair": builtIn("FAL_KEY_ID and FAL_KEY_SECRET instead of FAL_KEY", ({ key }) => {
    const [id, secret] = key.split(":");
    return { FAL_KEY: undefined, FAL_KEY_ID: id, FAL_KEY_SECRET: secret };
  }),
  "quoted-key": builtIn("FAL_KEY in double quotes", ({ key }) => ({ FAL_KEY: `"${key}"` }), true),
  "prefixed-key": builtIn(
    "FAL_KEY with `Key ` in front",
    ({ key }) => ({ FAL_KEY: `Key ${key}` }),
    true,
  ),
  "empty-key": builtIn("FAL_KEY is a space", () => ({ FAL_KEY: " " }), true),
  "no-upstream": builtIn("FAL_PROXY_UPSTREAM is a port where nobody listens", () => ({
    FAL_PROXY_UPSTREAM: "http://127.0.0.1:2",
  })),

  locked: option("sign-in required, no check of the app's own, the list of `endpoints`", listed),
  authenticated: option("the app's own check: the header X-Conformance-User is `good`"),
  "signed-in": option("as `authenticated`, and sign-in required explicitly"),
  "undefined-auth": option("the app's credential function answers nothing"),
  "env-auth": option("the package's environment function is given as the credential option"),
  "adapter-key": {
    meaning: "no FAL_KEY; the key is in CONFORMANCE_KEY, given by the adapter's own option",
    builtIn: false,
    mayRefuse: false,
    environment: ({ key }) => ({ FAL_KEY: undefined, CONFORMANCE_KEY: key }),
  },
  throwing: option("the app's own check throws an error with a path in its message"),
  cors: option("CORS for https://app.example, with credentials"),
  tokens: option("token calls allowed, the list of `endpoints`", listed),
  "small-limits": option(
    "1 MiB bodies; 1000 ms to connect, 1500 ms to headers, 1500 ms of silence",
  ),
  "webhooks-deny": option("no webhooks"),
  "webhooks-hosts": option("webhooks to hooks.example only"),
  ownership: option("jobs belong to who submitted them: the user is in X-Conformance-User"),
  "fal-hosts": option("hosts below fal.ai are allowed, the list of `endpoints`", listed),
  compressed: option("compression middleware in front of the proxy"),
  parsed: option("a JSON body parser in front of the proxy"),
  chain: option("a later handler counts what reaches it, GET /conformance/next-calls tells"),
  subpaths: option("the proxy answers below its own path too"),
  http2: option("the server speaks HTTP/2 in clear, by prior knowledge"),
};

export function isProfileName(name: string): name is ProfileName {
  return Object.hasOwn(profiles, name);
}

/**
 * The environment variables that tell a proxy how to run in this profile.
 *
 * @returns `undefined` for a variable that must not be set
 */
export function profileEnvironment(
  name: ProfileName,
  settings: ProfileSettings,
): Record<string, string | undefined> {
  return {
    FAL_KEY: settings.key,
    FAL_KEY_ID: undefined,
    FAL_KEY_SECRET: undefined,
    FAL_PROXY_UPSTREAM: settings.upstream,
    FAL_PROXY_ENDPOINTS: everyEndpoint,
    FAL_PROXY_PROFILE: name,
    ...profiles[name].environment(settings),
  };
}
