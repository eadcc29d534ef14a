import { createProxy } from "@fal-ai/server-proxy/remix";

export const { action, loader } = createProxy();
