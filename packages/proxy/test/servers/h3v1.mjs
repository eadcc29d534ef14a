/** h3 1, which Nuxt 4 and Nitro 2 run on. */
import { createServer } from "node:http";
import { createApp, createRouter, eventHandler, readBody, toNodeListener } from "h3v1";
import { createEventHandler } from "@fal-ai/server-proxy/h3";
import { config, port, profile } from "./profiles.mjs";

const app = createApp();
const router = createRouter();
let nextCalls = 0;
router.get(
  "/conformance/next-calls",
  eventHandler(() => String(nextCalls)),
);
if (profile === "parsed") {
  // What a middleware does that looks at the input; a body that is no JSON is the proxy's to judge.
  app.use(
    eventHandler(async (event) => {
      if (event.method !== "GET") await readBody(event).catch(() => undefined);
    }),
  );
}
const handler = /** @type {any} */ (createEventHandler(config));
router.use("/api/fal/proxy", handler);
if (profile === "subpaths") router.use("/api/fal/proxy/**", handler);
app.use(router);
app.use(
  eventHandler(() => {
    nextCalls += 1;
    return "";
  }),
);
createServer(toNodeListener(app)).listen(port, "127.0.0.1");
