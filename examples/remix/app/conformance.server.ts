// The options under which fal-proxy-conformance judges the route beside the proxy. Your app needs none of this.
import { json } from "@remix-run/node";
import { adapterKey, config } from "../../../packages/proxy/test/servers/profiles.mjs";

export const options = {
  ...config,
  // The published package asked for it; it is no longer needed.
  json,
  ...(adapterKey && { resolveApiKey: async () => adapterKey }),
};
