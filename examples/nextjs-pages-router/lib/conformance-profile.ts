// The configurations that fal-proxy-conformance asks for by name; its README has the table.
import {
  DEFAULT_ALLOWED_URL_PATTERNS,
  resolveApiKeyFromEnv,
  type ProxyConfig,
} from "@fal-ai/server-proxy";
import { defineProxy } from "@fal-ai/server-proxy/limits";
import { memoryStore } from "@fal-ai/server-proxy/stores/memory";

const isAuthenticated: ProxyConfig["isAuthenticated"] = async (call) =>
  call.getHeader("X-Conformance-User") === "good";

const profiles: Record<string, ProxyConfig> = {
  locked: { allowUnauthorizedRequests: false },
  authenticated: { isAuthenticated },
  "signed-in": { isAuthenticated, allowUnauthorizedRequests: false },
  "undefined-auth": { resolveFalAuth: async () => undefined },
  "env-auth": { resolveFalAuth: resolveApiKeyFromEnv },
  throwing: {
    isAuthenticated: async () => {
      throw new Error("conformance fault at /srv/app/secret.js");
    },
  },
  cors: { cors: { origins: ["https://app.example"], credentials: true } },
  tokens: { allowedUrlPatterns: [...DEFAULT_ALLOWED_URL_PATTERNS, "rest.fal.ai/tokens/**"] },
  "small-limits": {
    maxBodyBytes: 1_048_576,
    timeouts: { connect: 1000, headers: 1500, idle: 1500 },
  },
  "webhooks-deny": { webhooks: "deny" },
  "webhooks-hosts": { webhooks: { hosts: ["hooks.example"] } },
  ownership: defineProxy({
    isAuthenticated: (call) => ({ id: call.getHeader("X-Conformance-User") ?? "nobody" }),
    store: memoryStore(),
  }),
  "fal-hosts": { allowedUrlPatterns: ["fal.run/**", "queue.fal.run/**", "*.fal.ai/**"] },
};

/** The configuration that `FAL_PROXY_PROFILE` and `FAL_PROXY_ENDPOINTS` describe. */
export function profileConfig(env: Record<string, string | undefined>): ProxyConfig {
  return {
    allowedEndpoints: env.FAL_PROXY_ENDPOINTS?.split(",") ?? [],
    ...profiles[env.FAL_PROXY_PROFILE ?? ""],
  };
}
