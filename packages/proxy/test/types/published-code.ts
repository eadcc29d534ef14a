/** Code that was written, and annotated, against the published 1.2.1. */
import {
  createUrlMatcher,
  DEFAULT_ALLOWED_URL_PATTERNS,
  DEFAULT_PROXY_ROUTE,
  fromHeaders,
  getEndpoint,
  handleRequest,
  isAllowedEndpoint,
  isAllowedUrl,
  resolveApiKeyFromEnv,
  resolveProxyConfig,
  responsePassthrough,
  TARGET_URL_HEADER,
  type HeaderValue,
  type ProxyBehavior,
  type ProxyConfig,
} from "@fal-ai/server-proxy";
import { createHandler } from "@fal-ai/server-proxy/express";
import { createRouteHandler } from "@fal-ai/server-proxy/nextjs";

const isAuthenticated = async (behavior: ProxyBehavior<unknown>): Promise<boolean> => {
  const session: HeaderValue = behavior.getHeader("x-session");
  return session === "ada" && behavior.method === "POST";
};
async function resolveFalAuth(behavior: ProxyBehavior<unknown>): Promise<string> {
  const tenant = behavior.getHeaders()["x-tenant"];
  return `Key ${String(tenant)}`;
}

const some: Partial<ProxyConfig> = {
  allowedUrlPatterns: [...DEFAULT_ALLOWED_URL_PATTERNS, "rest.fal.ai/**"],
  allowedEndpoints: ["fal-ai/flux/**"],
  allowUnauthorizedRequests: false,
  isAuthenticated,
  resolveFalAuth,
};
createHandler(some);
createHandler({ resolveFalAuth: resolveApiKeyFromEnv });
createRouteHandler(resolveProxyConfig(some));

/** A door of the user's own. */
export async function POST(request: Request): Promise<Response> {
  const headers = new Headers();
  const behavior: ProxyBehavior<Response> = {
    id: "my-framework",
    method: request.method,
    getRequestBody: async () => request.text(),
    getHeaders: () => fromHeaders(request.headers),
    getHeader: (name) => request.headers.get(name),
    sendHeader: (name, value) => headers.set(name, value),
    respondWith: (status, data) => new Response(JSON.stringify(data), { status, headers }),
    sendResponse: responsePassthrough,
    resolveApiKey: resolveApiKeyFromEnv,
  };
  return handleRequest(behavior, some);
}

const target = `https://fal.run/fal-ai/flux/dev`;
export const facts: [string, string, boolean, boolean, boolean] = [
  TARGET_URL_HEADER + DEFAULT_PROXY_ROUTE,
  getEndpoint(target),
  isAllowedEndpoint(getEndpoint(target), ["fal-ai/**"]),
  isAllowedUrl("fal.run/fal-ai/flux/dev"),
  createUrlMatcher(["fal.run/**"])("fal.run/fal-ai/flux/dev"),
];
