/** h3 2. */
import { H3, serve } from "h3";
import { createEventHandler } from "@fal-ai/server-proxy/h3";
import { config, port, profile } from "./profiles.mjs";

const app = new H3();
let nextCalls = 0;
app.get("/conformance/next-calls", () => String(nextCalls));
const handler = /** @type {any} */ (createEventHandler(config));
app.all("/api/fal/proxy", handler);
if (profile === "subpaths") app.all("/api/fal/proxy/**", handler);
app.all("/**", () => String((nextCalls += 1)));
serve(app, { port, hostname: "127.0.0.1", silent: true });
