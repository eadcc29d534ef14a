// For fal-proxy-conformance, which judges the proxy under many configurations. Your app needs none of this.
import { createRouteHandler } from "@fal-ai/server-proxy/nextjs";
import { profileConfig } from "@/lib/conformance-profile";

export const { GET, POST, PUT, DELETE, OPTIONS } = createRouteHandler(profileConfig(process.env));
