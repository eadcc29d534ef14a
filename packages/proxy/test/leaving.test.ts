/** Callers who leave where Node tells nobody: before there is an answer to break off, or behind another's. */
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { connect as connectHttp2, createServer as createHttp2 } from "node:http2";
import { connect, type AddressInfo } from "node:net";
import { createRequestListener, type NodeListener } from "../src/adapters/node.ts";
import type { End, Guard } from "../src/index.ts";
import { afterEach, beforeEach, expect, it } from "vitest";
import { RUN, until } from "./support/fronts.ts";
import { startWildFal, type WildFal } from "./support/wild-fal.ts";

let fal: WildFal;
const ends: End[] = [];
const cleanup: Array<() => void> = [];

beforeEach(async () => {
  ends.length = 0;
  fal = await startWildFal((response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: 1\n\n");
  });
});
afterEach(() => {
  for (const close of cleanup.splice(0)) close();
  fal.close();
});

const listenerWith = (guard: Guard = () => {}): NodeListener =>
  createRequestListener({
    resolveFalAuth: () => "id:secret",
    upstream: fal.url,
    guards: [(call) => call.onEnd((end) => void ends.push(end)), guard],
  });

async function start(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanup.push(() => (server.close(), server.closeAllConnections()));
  return (server.address() as AddressInfo).port;
}

const GET = `GET / HTTP/1.1\r\nhost: a\r\nx-fal-target-url: https://${RUN}\r\n\r\n`;

it("of several calls that wait behind one another on a connection, every one is stopped", async () => {
  const warnings: string[] = [];
  const warned = ({ name }: Error): void => void warnings.push(name);
  process.on("warning", warned);
  cleanup.push(() => process.off("warning", warned));
  const socket = connect(await start(listenerWith()), "127.0.0.1");
  socket.on("error", () => {});
  socket.write(GET.repeat(12));
  await until(() => fal.busy() === 12, "fal has all of them, which");
  socket.destroy();
  await until(() => fal.busy() === 0, "all of them are stopped, which");
  expect(ends.map(({ outcome }) => outcome)).toEqual(Array(12).fill("client_gone"));
  // A caller chooses how many there are, so their number is no reason for a line on stderr.
  expect(warnings).toEqual([]);
});

it("one that waits is stopped also when something in front took its time, and the connection closed meanwhile", async () => {
  const listener = listenerWith();
  let asked = 0;
  let go = (): void => {};
  const port = await start((request, response) => {
    asked += 1;
    if (asked === 1) void listener(request, response);
    else go = () => void listener(request, response);
  });
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(GET.repeat(2));
  await until(() => asked === 2 && fal.busy() === 1);
  socket.destroy();
  await until(() => ends.length === 1);
  go();
  await until(() => ends.length === 2, "the second has ended, which");
  expect(ends[1]).toMatchObject({ outcome: "client_gone", sent: false });
  expect(fal.received).toHaveLength(1);
});

it("over HTTP/2, a run is not even sent when the caller left while a guard was thinking", async () => {
  let decided = (): void => {};
  const thinking = new Promise<void>((resolve) => (decided = resolve));
  const server = createHttp2(listenerWith(() => thinking)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const caller = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  cleanup.push(() => (caller.destroy(), server.close()));
  const closed = new Promise((resolve) =>
    server.on("stream", (stream) => stream.on("close", resolve)),
  );
  const stream = caller.request({ ":method": "GET", "x-fal-target-url": `https://${RUN}` });
  stream.on("error", () => {});
  await new Promise((resolve) => stream.once("ready", resolve));
  stream.close(8);
  await closed;
  decided();
  await until(() => ends.length === 1, "the call has ended, which");
  expect(ends).toMatchObject([{ outcome: "client_gone", sent: false }]);
  expect(fal.received).toEqual([]);
});
