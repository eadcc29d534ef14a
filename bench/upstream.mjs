// The stand-in of fal: answers at once from prepared bytes, so that it is never what is measured.
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { createFraming } from "./framing.mjs";
import { HUGE, KEY, REPLIES, STREAM_MS } from "./traffic.mjs";

const authorised = `authorization: key ${KEY}`.toLowerCase();
const block = Buffer.alloc(65_536, "fal ");
const [unauthorised, post, get] = [REPLIES.unauthorised, REPLIES.post, REPLIES.get].map((text) =>
  Buffer.from(text, "latin1"),
);

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.on(
    "data",
    createFraming((head) => {
      const line = head.slice(0, head.indexOf("\r\n"));
      if (!head.toLowerCase().includes(authorised)) socket.write(unauthorised);
      else if (line.includes("/stream ")) void stream(socket);
      else if (line.includes("/silent ")) begin(socket);
      else if (line.includes("/huge/")) void huge(socket);
      else socket.write(line.startsWith("GET") ? get : post);
    }),
  );
});

async function stream(socket) {
  socket.write(REPLIES.stream);
  socket.write(chunk('data: {"output": "The", "partial": true}\n\n'));
  await wait(STREAM_MS);
  socket.write(`${chunk('data: {"output": "The end", "partial": false}\n\n')}0\r\n\r\n`);
}

const chunk = (text) => `${text.length.toString(16)}\r\n${text}\r\n`;

const begun = REPLIES.stream + chunk('data: {"output": "The", "partial": true}\n\n');

/** A stream that has begun, and says nothing more until the relay leaves. */
function begin(socket) {
  socket.write(begun);
  // A reset, else thousands of the relay's ports would be kept for another minute.
  socket.once("end", () => socket.resetAndDestroy());
}

/** As fast as the reader takes it, and never more than one write ahead. */
async function huge(socket) {
  socket.write(REPLIES.huge);
  const gone = new AbortController();
  socket.once("close", () => gone.abort());
  for (let left = HUGE; left > 0 && !socket.destroyed; left -= block.length) {
    const written = left < block.length ? block.subarray(0, left) : block;
    if (socket.write(written)) continue;
    await once(socket, "drain", { signal: gone.signal }).catch(() => {});
  }
}

server.listen(0, "127.0.0.1", () => process.send(server.address().port));
// The run is over.
process.on("disconnect", () => process.exit());
