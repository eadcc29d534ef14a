// The deprecated name still works; new code calls createRouteHandler().
import { route } from "@fal-ai/server-proxy/nextjs";

export const { GET, POST, PUT } = route;
