/** `node:http`, and `node:http2` in the profile of that name. */
import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import compression from "compression";
import { createRequestListener } from "@fal-ai/server-proxy/node";
import { config, port, profile } from "./profiles.mjs";

const listener = createRequestListener(config);
/** @type {any} It is typed for Express, and works without. */
const compress = compression();
function createProfileServer() {
  if (profile === "http2") return createHttp2Server(listener);
  if (profile !== "compressed") return createServer(listener);
  return createServer((request, response) =>
    compress(request, response, () => listener(request, response)),
  );
}
createProfileServer().listen(port, "127.0.0.1");
