/** One of several processes that serve the same app. Its parent is told its port, and may ask it to end in order. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createRequestListener } from "../../src/adapters/node.ts";
import { openStore, type EngineName } from "./engines.ts";
import { defineApp } from "./app.ts";

const [engine, address, url, key] = process.argv.slice(2) as [EngineName, string, string, string];
const { store, close } = openStore(engine, address);
const listener = createRequestListener(defineApp(store, { url, key }));
const server = createServer(listener).listen(0, "127.0.0.1");
await once(server, "listening");
process.send?.((server.address() as AddressInfo).port);
process.on("message", () => {
  server.close();
  server.closeIdleConnections();
  void listener
    .drain()
    .then(close)
    .then(() => process.exit());
});
