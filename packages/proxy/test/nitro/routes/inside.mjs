import { eventHandler, getQuery } from "h3";

/** Asks the proxy as a route of the same app does, without the network, and with a body that is a stream. */
export default eventHandler((/** @type {any} */ event) =>
  event.fetch("/api/fal/proxy", {
    method: "POST",
    body: new Response('{"prompt":"x"}').body,
    headers: { "x-fal-target-url": String(getQuery(event)["target"]) },
  }),
);
