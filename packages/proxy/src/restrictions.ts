/** Rules about what a request asks for besides its endpoint: webhooks, and the apps of a token. */
import { endpointRefusal } from "./allow.ts";
import type { OpenCall } from "./call.ts";
import type { ResolvedConfig } from "./config.ts";
import { refuse, type Refusal } from "./refusal.ts";
import type { Target } from "./target.ts";

/** Refuses a `fal_webhook` that the `webhooks` option does not let through. */
export function webhookRefusal(config: ResolvedConfig, target: Target): Refusal | undefined {
  const rule = config.webhooks;
  if (rule === "forward" || target.search === "") return undefined;
  for (const webhook of new URLSearchParams(target.search).getAll("fal_webhook")) {
    const hosts = rule === "deny" ? [] : rule.hosts;
    if (hosts.includes(webhookHost(webhook))) continue;
    const msg = "This proxy does not let callers choose where results are sent.";
    return refuse("input_not_allowed", msg, {
      detail: [{ loc: ["query", "fal_webhook"], msg, type: "webhook_not_allowed" }],
      hint: "The option webhooks lists the allowed hosts.",
    });
  }
  return undefined;
}

function webhookHost(webhook: string): string {
  try {
    const url = new URL(webhook);
    return url.protocol === "https:" ? url.host : "";
  } catch {
    return "";
  }
}

/**
 * Refuses a token or signalling session for an app that `allowedEndpoints` does not list. Its apps
 * stand in the body, so it is judged there.
 */
export async function appsRefusal(
  config: ResolvedConfig,
  call: OpenCall,
): Promise<Refusal | undefined> {
  const { operation, path } = call.target;
  const namesApps = operation === "token" || operation === "signal";
  if (!config.allow.limited || !namesApps || path.startsWith("/session/heartbeat")) {
    return undefined;
  }
  const text = await call.getRequestBody();
  const apps = namedApps(text ?? "");
  const unlisted = apps.find((app) => typeof app !== "string" || !config.allow.app(app));
  if (apps.length > 0 && unlisted === undefined) return undefined;
  return endpointRefusal(typeof unlisted === "string" ? unlisted : undefined);
}

// fal's old and new token calls and its signalling use different names for the same thing. Names
// that cannot be read beyond doubt count as none.
function namedApps(text: string): unknown[] {
  try {
    const body = JSON.parse(text) as Record<string, unknown> | null;
    if (!isWrittenPlainly(text, body)) return [];
    const { allowed_apps: list = [], app_id: id, app } = body ?? {};
    if (!Array.isArray(list)) return [];
    return [...list, id, app].filter((name) => name !== undefined);
  } catch {
    return [];
  }
}

// Parsers disagree about a repeated key, so fal might read another one than we did. A repeated key
// is lost when the value is written again.
function isWrittenPlainly(text: string, value: unknown): boolean {
  const bare = (json: string): string => json.replaceAll(/\s/g, "").replaceAll("\\/", "/");
  return bare(text) === bare(JSON.stringify(value));
}
