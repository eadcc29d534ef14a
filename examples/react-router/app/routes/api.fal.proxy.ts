import { createProxy } from "@fal-ai/server-proxy/remix";

const { action, loader } = createProxy();

export { action, loader };
