// The same on the edge runtime.
import { createRouteHandler } from "@fal-ai/server-proxy/nextjs";

export const runtime = "edge";

export const { GET, POST, PUT } = createRouteHandler();
