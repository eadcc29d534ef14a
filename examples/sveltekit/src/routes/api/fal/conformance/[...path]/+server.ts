// For fal-proxy-conformance, which judges the proxy under many configurations. Your app needs none of this.
import { createRequestHandler } from "@fal-ai/server-proxy/svelte";
import {
  adapterKey,
  config,
} from "../../../../../../../../packages/proxy/test/servers/profiles.mjs";

export const { GET, POST, PUT, DELETE, OPTIONS } = createRequestHandler({
  ...config,
  credentials: adapterKey,
});
