/** A caller who leaves in the middle of an upload: how long fal goes on waiting for the rest. */
import { once } from "node:events";
import { connect } from "node:net";
import type { Emulator } from "fal-emulator";

/** Milliseconds from the caller's leaving to the end of the call to fal; Infinity when fal still waits after 2 s. */
export async function uploadAbortDelay(url: URL, fal: Emulator): Promise<number> {
  const before = fal.requests.length;
  const socket = connect(Number(url.port), url.hostname);
  await once(socket, "connect");
  socket.write(
    `POST ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\ncontent-type: application/octet-stream\r\n` +
      "x-fal-target-url: https://fal.run/conformance/upload\r\ncontent-length: 1048576\r\n\r\n",
  );
  socket.write(new Uint8Array(262_144));
  const call = await eventually(() => fal.requests[before]);
  const left = Date.now();
  socket.destroy();
  const ended = await eventually(() => call?.abortedAt);
  return ended === undefined ? Infinity : ended - left;
}

async function eventually<T>(look: () => T | undefined): Promise<T | undefined> {
  for (const deadline = Date.now() + 2000; Date.now() < deadline;) {
    const seen = look();
    if (seen !== undefined) return seen;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return undefined;
}
