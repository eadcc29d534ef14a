// For fal-proxy-conformance, which judges the proxy under many configurations. Your app needs none of this.
import { createProxy } from "@fal-ai/server-proxy/remix";
import { options } from "../conformance.server";

const { action, loader } = createProxy(options);

export { action, loader };
