// The load, in a process of its own: does one job after another, as `run.mjs` sends them.
import { connect } from "node:net";
import { createFraming } from "./framing.mjs";
import { HUGE, requestBytes } from "./traffic.mjs";

/** Fewer than a server's queue of connections to accept (511). */
const STREAMS_AT_ONCE = 250;

/** The connections of the next `load`, with the request that it sends. */
let callers = { request: Buffer.alloc(0), connections: [] };

/** Opens kept-alive connections and asks once on each, which is nobody's measurement. */
async function open({ kind, port, route, connections: count }) {
  const request = Buffer.from(requestBytes(kind, port, { route }));
  const connections = Array.from({ length: count }, () => openConnection(port));
  await Promise.all(connections.map((connection) => askWell(connection, request)));
  callers = { request, connections };
}

/**
 * Sends `count` requests over the open connections, each waiting for its answer.
 *
 * @returns {Promise<{ perSecond: number, p50: number, p99: number }>} latencies in ms
 */
async function load({ count }) {
  const { request, connections } = callers;
  const latencies = new Float64Array(count);
  let taken = 0;
  const call = async (connection) => {
    while (taken < count) {
      const mine = taken++;
      latencies[mine] = await askWell(connection, request);
    }
  };
  const began = performance.now();
  await Promise.all(connections.map(call));
  const seconds = (performance.now() - began) / 1000;
  latencies.sort();
  return {
    perSecond: count / seconds,
    p50: latencies[Math.floor(count * 0.5)],
    p99: latencies[Math.floor(count * 0.99)],
  };
}

function close() {
  for (const connection of callers.connections) connection.close();
}

async function askWell(connection, request) {
  const { head, ms } = await connection.ask(request);
  if (!head.startsWith("HTTP/1.1 200")) throw new Error(`answered ${head.split("\r\n")[0]}`);
  return ms;
}

/** One kept-alive connection; opened again when the other side closes it between two requests. */
function openConnection(port) {
  let socket;
  let waiting;
  const open = () => {
    socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const mine = socket;
    const feed = createFraming((head) => {
      waiting.resolve({ head, ms: performance.now() - waiting.since });
      waiting = undefined;
    });
    socket.on("data", (chunk) => {
      waiting?.firstByte?.(chunk);
      feed(chunk);
    });
    socket.on("error", (error) => mine === socket && waiting?.reject(error));
    socket.on("close", () => {
      if (mine !== socket) return;
      waiting?.reject(new Error("the connection was closed before the answer was complete"));
      socket = undefined;
    });
  };
  return {
    ask(request, firstByte) {
      return new Promise((resolve, reject) => {
        if (socket === undefined || socket.readableEnded || socket.destroyed) open();
        waiting = { resolve, reject, firstByte, since: performance.now() };
        socket.write(request);
      });
    },
    close: () => socket?.destroy(),
  };
}

/**
 * Asks for a stream through the contestant and without it, in turns, one at a time.
 *
 * @returns {Promise<{ via: number[], direct: number[] }>} ms until the first byte of each body
 */
async function firstByte({ port, upstreamPort, count }) {
  const via = openConnection(port);
  const direct = openConnection(upstreamPort);
  const viaRequest = requestBytes("stream", port);
  const directRequest = requestBytes("stream", upstreamPort, { direct: true });
  const times = { via: [], direct: [] };
  for (let turn = 0; turn < count; turn++) {
    times.direct.push(await firstByteOf(direct, directRequest));
    times.via.push(await firstByteOf(via, viaRequest));
  }
  via.close();
  direct.close();
  return times;
}

async function firstByteOf(connection, request) {
  let received = "";
  let ms;
  const since = performance.now();
  await connection.ask(request, (chunk) => {
    if (ms !== undefined) return;
    received += chunk.latin1Slice();
    const headEnd = received.indexOf("\r\n\r\n");
    if (headEnd !== -1 && received.length > headEnd + 4) ms = performance.now() - since;
  });
  return ms;
}

/**
 * Takes the large body at about `bytesPerSecond`.
 *
 * @returns {Promise<{ received: number }>} bytes, head included
 */
function slowRead({ port, bytesPerSecond }) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" });
    let received = 0;
    let allowed = 0;
    const timer = setInterval(() => {
      allowed += bytesPerSecond / 100;
      socket.resume();
    }, 10);
    socket.write(requestBytes("huge", port, { close: true }));
    socket.on("data", (chunk) => {
      received += chunk.length;
      if (received > allowed) socket.pause();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      clearInterval(timer);
      if (received >= HUGE) resolve({ received });
      else reject(new Error(`the large body was cut after ${received} bytes`));
    });
  });
}

/** What `openStreams` has opened. */
let streams = [];

/** Opens `count` event streams, some at a time, and waits until each has brought its first event. */
async function openStreams({ port, count }) {
  const request = Buffer.from(requestBytes("silent", port));
  while (streams.length < count) {
    const some = Math.min(STREAMS_AT_ONCE, count - streams.length);
    streams.push(
      ...(await Promise.all(Array.from({ length: some }, () => openStream(port, request)))),
    );
  }
}

function openStream(port, request) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" });
    let received = "";
    const onData = (chunk) => {
      received += chunk.latin1Slice();
      if (!received.includes("\n\n")) return;
      if (!received.startsWith("HTTP/1.1 200")) fail(received.split("\r\n")[0]);
      socket.off("data", onData);
      resolve(socket);
    };
    const fail = (why) => reject(new Error(`stream ${streams.length} and following: ${why}`));
    socket.on("data", onData);
    socket.on("error", (error) => fail(error.message));
    socket.on("close", () => fail("was closed"));
    socket.write(request);
  });
}

/** @throws Error when a stream has not lasted until now */
async function closeStreams() {
  const lost = streams.filter((socket) => socket.destroyed).length;
  // A reset, since tens of thousands of ports would be waiting for a minute each otherwise.
  for (const socket of streams) socket.resetAndDestroy();
  streams = [];
  if (lost > 0) throw new Error(`${lost} open streams were closed`);
}

const jobs = { open, load, close, firstByte, slowRead, openStreams, closeStreams };

process.on("message", async ({ job, ...options }) => {
  try {
    process.send({ result: await jobs[job](options) });
  } catch (error) {
    process.send({ error: error.message });
  }
});
// The run is over.
process.on("disconnect", () => process.exit());
