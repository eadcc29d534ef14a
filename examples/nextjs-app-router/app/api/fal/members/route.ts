// The same with options: one model, for signed-in users only.
import { createRouteHandler } from "@fal-ai/server-proxy/nextjs";
import { cookies } from "next/headers";
import { readSession } from "@/lib/session";

export const { GET, POST, PUT } = createRouteHandler({
  allowedEndpoints: ["fal-ai/flux/dev"],
  isAuthenticated: async () => readSession((await cookies()).get("session")?.value) !== undefined,
});
