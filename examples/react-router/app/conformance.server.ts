// The options under which fal-proxy-conformance judges the route beside the proxy. Your app needs none of this.
import { adapterKey, config } from "../../../packages/proxy/test/servers/profiles.mjs";

export const options = {
  ...config,
  ...(adapterKey && { resolveApiKey: async () => adapterKey }),
};
