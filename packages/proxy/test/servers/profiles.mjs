/**
 * The configurations that fal-proxy-conformance asks for by name, for every adapter; the table is in the kit's README.
 */
import { DEFAULT_ALLOWED_URL_PATTERNS, resolveApiKeyFromEnv } from "@fal-ai/server-proxy";
import { defineProxy } from "@fal-ai/server-proxy/limits";
import { memoryStore } from "@fal-ai/server-proxy/stores/memory";

/** @typedef {import("@fal-ai/server-proxy").ProxyConfig} ProxyConfig */

/** @type {ProxyConfig["isAuthenticated"]} */
const isAuthenticated = async (call) => call.getHeader("X-Conformance-User") === "good";

/** @type {Record<string, ProxyConfig>} */
const profiles = {
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

/** Which of them this process is started for. */
export const profile = process.env["FAL_PROXY_PROFILE"] ?? "default";

/**
 * The options that FAL_PROXY_PROFILE and FAL_PROXY_ENDPOINTS describe.
 *
 * @type {ProxyConfig}
 */
export const config = {
  allowedEndpoints: process.env["FAL_PROXY_ENDPOINTS"]?.split(",") ?? [],
  ...profiles[profile],
};

/** For adapters with a key option of their own: the profile `adapter-key` gives the key there alone. */
export const adapterKey = process.env["CONFORMANCE_KEY"];

export const port = Number(process.env["PORT"]);
