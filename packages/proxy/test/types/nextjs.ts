/** Next.js, both routers and the configuration file. */
import {
  createPageRouterHandler,
  createRouteHandler,
  falProxyRewrites,
  handler,
  PROXY_ROUTE,
  route,
} from "@fal-ai/server-proxy/nextjs";
import type { NextApiHandler, NextApiRequest, NextConfig } from "next";
import type { NextRequest } from "next/server";

type AppHandler = (
  request: NextRequest,
  context: { params: Promise<Record<string, string>> },
) => Promise<Response>;

export const { GET, POST, PUT } = createRouteHandler();
export const page: NextApiHandler = createPageRouterHandler({
  isAuthenticated: async (call) => (call.native as NextApiRequest).cookies["session"] !== undefined,
});
export const app: AppHandler[] = [GET, POST, PUT, route.GET, route.POST, route.PUT];
export const deprecated: NextApiHandler = handler;
export const config: NextConfig = { rewrites: falProxyRewrites };
export const path: "/api/fal/proxy" = PROXY_ROUTE;
