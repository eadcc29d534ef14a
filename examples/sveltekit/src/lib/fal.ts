// The fal client as the browser uses it: it knows the proxy, never the key.
import { fal } from "@fal-ai/client";

fal.config({ proxyUrl: "/api/fal/proxy" });

export { fal };
