// As ../../conformance, on the edge runtime.
import { createRouteHandler } from "@fal-ai/server-proxy/nextjs";
import { profileConfig } from "@/lib/conformance-profile";

export const runtime = "edge";

export const { GET, POST, PUT, DELETE, OPTIONS } = createRouteHandler(profileConfig(process.env));
