/** A connection goes on after whatever became of the call before, and of its body. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { createRequestListener } from "../src/adapters/node.ts";
import type { ProxyConfig } from "../src/index.ts";
import { afterEach, beforeEach, expect, it } from "vitest";
import { RUN, until } from "./support/fronts.ts";
import { json, startWildFal, type Answer, type WildFal } from "./support/wild-fal.ts";

let fal: WildFal;
let server: Server;
beforeEach(async () => {
  fal = await startWildFal();
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
  fal.close();
});

const head = (method: string, lines = ""): string =>
  `${method} / HTTP/1.1\r\nhost: a\r\nx-fal-target-url: https://${RUN}\r\n${lines}\r\n`;
const chunk = (length: number): string => `${length.toString(16)}\r\n${"x".repeat(length)}\r\n`;
const early: Answer = (response) => json({ detail: "no" }, 422)(response, response.req);

it.each<[string, ProxyConfig, Answer, string, string]>([
  ["its body was too large", { maxBodyBytes: 100_000 }, json({}), "", "413"],
  [
    "its body was too large to be checked",
    { inspectBytes: 1000, guards: [async (call) => void (await call.json())] },
    json({}),
    "",
    "413",
  ],
  ["nobody wanted its body", { isAuthenticated: () => false }, json({}), "", "401"],
  ["fal answered before its body was whole", {}, early, "x-fal-tags: early=1\r\n", "422"],
  [
    "fal broke off before its body was whole",
    {},
    (response) => void response.destroy(),
    "x-fal-tags: early=1\r\n",
    "502",
  ],
])("though %s", async (_why, config, answer, lines, status) => {
  const asked = { resolveFalAuth: () => "id:secret", upstream: fal.url, ...config };
  server = createServer(createRequestListener(asked)).listen(0, "127.0.0.1");
  // The next request is waited for longer than the test: only an answer to it counts.
  server.keepAliveTimeout = 60_000;
  await once(server, "listening");
  fal.answer = answer;
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.on("error", () => {});
  let text = "";
  socket.on("data", (data) => (text += String(data)));
  const statuses = (): Array<string | undefined> =>
    Array.from(text.matchAll(/HTTP\/1\.1 (\d+)/g), ([, found]) => found);
  socket.write(head("POST", `transfer-encoding: chunked\r\n${lines}`) + chunk(150_000));
  await until(() => statuses().length === 1, "the first answer");
  fal.answer = json({ ok: true });
  socket.write(`${chunk(1_000_000)}0\r\n\r\n${head("GET")}`);
  await until(() => statuses().length === 2, "the second answer");
  const next = config.isAuthenticated ? "401" : "200";
  expect(statuses()).toEqual([status, next]);
  socket.destroy();
});
