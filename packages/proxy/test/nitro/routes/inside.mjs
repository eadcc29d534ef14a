import { eventHandler, getQuery } from "h3";

/** Asks the proxy as a route of the same app does: without the network. */
export default eventHandler((/** @type {any} */ event) =>
  event.fetch("/api/fal/proxy", {
    method: "POST",
    body: "{}",
    headers: { "x-fal-target-url": String(getQuery(event)["target"]) },
  }),
);
