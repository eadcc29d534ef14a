// Cuts what a socket delivers into HTTP/1.1 messages (RFC 9112 §6), as far as the bench's own traffic
// needs it: the driver and the stand-in of fal must cost less than the fastest contestant.

const CRLF2 = Buffer.from("\r\n\r\n");
// The bench's bodies hold no such bytes elsewhere.
const LAST_CHUNK = Buffer.from("0\r\n\r\n");

/**
 * @param {(head: string) => void} onMessage told of each message once it is complete
 * @returns {(chunk: Buffer) => void} takes what the socket delivers
 */
export function createFraming(onMessage) {
  let pending = Buffer.alloc(0);
  return (chunk) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    for (;;) {
      const headEnd = pending.indexOf(CRLF2);
      if (headEnd === -1) return;
      const head = pending.latin1Slice(0, headEnd);
      const end = messageEnd(head, headEnd + CRLF2.length, pending);
      if (end === undefined || end > pending.length) return;
      pending = pending.subarray(end);
      onMessage(head);
    }
  };
}

/** Where the message ends that begins at 0; undefined while that cannot be known. */
function messageEnd(head, bodyStart, bytes) {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head);
  if (length !== null) return bodyStart + Number(length[1]);
  if (!/\r\ntransfer-encoding: *chunked/i.test(head)) return bodyStart;
  const last = bytes.indexOf(LAST_CHUNK, bodyStart);
  return last === -1 ? undefined : last + LAST_CHUNK.length;
}
