// The deprecated name still works; new code calls createPageRouterHandler().
export { handler as default } from "@fal-ai/server-proxy/nextjs";
