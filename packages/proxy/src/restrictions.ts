/** Rules about what a request asks for besides its endpoint: webhooks, and the apps of a token. */
import { endpointRefusal } from "./allow.ts";
import type { OpenCall } from "./open-call.ts";
import { parseJson } from "./json.ts";
import { refuse, type Refusal } from "./refusal.ts";
import { parseUrl } from "./url.ts";

/** Refuses a `fal_webhook` that the `webhooks` option does not let through. */
export function webhookRefusal({ config, target }: OpenCall): Refusal | undefined {
  const { webhooks } = config;
  if (webhooks === "forward" || target.search === "") return undefined;
  const hosts = webhooks === "deny" ? [] : webhooks.hosts;
  const asked = new URLSearchParams(target.search)
    .getAll("fal_webhook")
    .map((hook) => parseUrl(hook));
  if (asked.every((url) => url?.protocol === "https:" && hosts.includes(url.host)))
    return undefined;
  const msg = "This proxy does not let callers choose where results are sent.";
  return refuse("input_not_allowed", msg, {
    detail: [{ loc: ["query", "fal_webhook"], msg, type: "webhook_not_allowed" }],
    hint: "The option webhooks lists the allowed hosts.",
  });
}

/**
 * Refuses a token or signalling session for an app that `allowedEndpoints` does not list. Its apps
 * stand in the body, so it is judged there.
 */
export async function appsRefusal(call: OpenCall): Promise<Refusal | undefined> {
  const { operation, path } = call.target;
  const { allow } = call.config;
  const namesApps = operation === "token" || operation === "signal";
  if (!allow.limited || !namesApps || path.startsWith("/session/heartbeat")) return undefined;
  const apps = namedApps((await call.getRequestBody()) ?? "");
  const unlisted = apps.find((app) => typeof app !== "string" || !allow.app(app));
  return apps.length > 0 && unlisted === undefined ? undefined : endpointRefusal(unlisted);
}

// fal's old and new token calls and its signalling use different names for the same thing. Names
// that cannot be read beyond doubt count as none.
function namedApps(text: string): unknown[] {
  const body = parseJson(text);
  if (!isWrittenPlainly(text, body)) return [];
  const { allowed_apps: list = [], app_id: id, app } = (body ?? {}) as Record<string, unknown>;
  return Array.isArray(list) ? [...list, id, app].filter((name) => name !== undefined) : [];
}

// Parsers disagree about a repeated key, so fal might read another one than we did. A repeated key
// is lost when the value is written again.
function isWrittenPlainly(text: string, value: unknown): boolean {
  const bare = (json = ""): string => json.replaceAll(/\s/g, "").replaceAll("\\/", "/");
  return bare(text) === bare(JSON.stringify(value));
}
