/** The app of both Express servers: the proxy, and what the profiles put around it. */
import compression from "compression";
import { createHandler, route } from "@fal-ai/server-proxy/express";
import { config, port, profile } from "./profiles.mjs";

/** @typedef {(request: unknown, response: { send(text: string): void }, next: () => void) => void} Handler */
/** @typedef {(...pathsAndHandlers: (string | string[] | Handler)[]) => unknown} Mount */

/**
 * @param {any} express the module, of either major
 * @param {string} everythingBelow the wildcard path below the route, as this major writes it
 */
export function serve(express, everythingBelow) {
  /** @type {{ use: Mount, get: Mount, all: Mount, listen(port: number, host: string): void }} */
  const app = express();
  let nextCalls = 0;
  app.get("/conformance/next-calls", (_request, response) => response.send(String(nextCalls)));

  if (profile === "compressed") app.use(/** @type {any} */ (compression()));
  if (profile === "parsed") app.use(express.json({ limit: "60mb" }));
  const proxy = /** @type {any} */ (createHandler(config));
  if (profile === "subpaths") app.all([route, everythingBelow], proxy);
  else app.use(route, proxy);

  app.use((_request, _response, next) => {
    nextCalls += 1;
    next();
  });
  app.listen(port, "127.0.0.1");
}
