// Needs no rewrite, takes bodies of up to 50 MiB and passes every byte on as it came.
import { createPageRouterHandler } from "@fal-ai/server-proxy/nextjs";

export const config = { api: { bodyParser: false } };

export default createPageRouterHandler();
