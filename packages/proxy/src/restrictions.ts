/** Rules about what a request asks for besides its endpoint: webhooks, and the apps of a token. */
import { endpointRefusal } from "./allow.ts";
import type { OpenCall } from "./open-call.ts";
import { refuse, type Refusal } from "./refusal.ts";
import { readPlainUrl } from "./url.ts";

/** Refuses a `fal_webhook` that the `webhooks` option does not let through. */
export function webhookRefusal({ config, target }: OpenCall): Refusal | undefined {
  const { webhooks } = config;
  if (webhooks === "forward") return undefined;
  const hosts = webhooks === "deny" ? [] : webhooks.hosts;
  const areAllowed = askedWebhooks(target.search).every((text) => {
    const url = readPlainUrl(text);
    return typeof url === "object" && hosts.includes(url.host);
  });
  if (areAllowed) return undefined;
  const msg = "This proxy does not let callers choose where results are sent.";
  return refuse("input_not_allowed", msg, {
    detail: [{ loc: ["query", "fal_webhook"], msg, type: "webhook_not_allowed" }],
    hint: "The option webhooks lists the allowed hosts.",
  });
}

// Whatever some parser could take for the parameter counts: some take a semicolon for an ampersand,
// cut names at a bracket or a null, or compare them without case.
const askedWebhooks = (search: string): string[] =>
  [search, search.replaceAll(";", "&")]
    .flatMap((query) => [...new URLSearchParams(query)])
    .filter(([name]) => /fal_webhook/i.test(name))
    .map(([, value]) => value);

/**
 * Refuses a token or signalling session for an app that `allowedEndpoints` does not list, where its
 * apps stand in the body.
 */
export async function appsRefusal(call: OpenCall): Promise<Refusal | undefined> {
  const { operation, endpoint, path } = call.target;
  const { allow } = call.config;
  // A heartbeat names a session; a session's app was judged when it began.
  const namesApps =
    operation === "token" ||
    (operation === "signal" && endpoint === undefined && !path.startsWith("/session/heartbeat"));
  if (!allow.limited || !namesApps) return undefined;
  const apps = namedApps(await call.json());
  const areListed =
    apps.length > 0 && apps.every((app) => typeof app === "string" && allow.app(app));
  return areListed ? undefined : endpointRefusal();
}

// fal's old and new token calls and its signalling use different names for the same thing.
function namedApps(body: unknown): unknown[] {
  const { allowed_apps: list = [], app_id: id, app } = (body ?? {}) as Record<string, unknown>;
  return Array.isArray(list) ? [...list, id, app].filter((name) => name !== undefined) : [];
}
