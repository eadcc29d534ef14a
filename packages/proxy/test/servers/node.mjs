/** `node:http`. */
import { createServer } from "node:http";
import compression from "compression";
import { createRequestListener } from "@fal-ai/server-proxy/node";
import { config, port, profile } from "./profiles.mjs";

const listener = createRequestListener(config);
/** @type {any} It is typed for Express, and works without. */
const compress = compression();
const server =
  profile === "compressed"
    ? createServer((request, response) =>
        compress(request, response, () => listener(request, response)),
      )
    : createServer(listener);
server.listen(port, "127.0.0.1");
