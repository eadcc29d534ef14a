// With options: one model, for signed-in users only.
import { createPageRouterHandler } from "@fal-ai/server-proxy/nextjs";
import type { NextApiRequest } from "next";
import { readSession } from "@/lib/session";

export const config = { api: { bodyParser: false } };

export default createPageRouterHandler({
  allowedEndpoints: ["fal-ai/flux/dev"],
  isAuthenticated: async (call) => {
    const { cookies } = call.native as NextApiRequest;
    return readSession(cookies.session) !== undefined;
  },
});
