// For fal-proxy-conformance, which judges the proxy under many configurations. Your app needs none of this.
import { createPageRouterHandler } from "@fal-ai/server-proxy/nextjs";
import { profileConfig } from "@/lib/conformance-profile";

export const config = { api: { bodyParser: false } };

export default createPageRouterHandler(profileConfig(process.env));
