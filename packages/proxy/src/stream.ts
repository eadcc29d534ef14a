/** Streams whose length is known, on runtimes that have a form for it. */

interface Global {
  FixedLengthStream?: new (length: number) => {
    readable: ReadableStream<Uint8Array>;
    writable: WritableStream<Uint8Array>;
  };
}

/**
 * The same stream with a length that the platform sends along, so that a part cannot pass for the
 * whole. On Workers any other stream of a script's goes out without one.
 *
 * @param length in bytes; undefined when unknown
 */
export function fixedLength(
  stream: ReadableStream<Uint8Array>,
  length: number | undefined,
): ReadableStream<Uint8Array> {
  const { FixedLengthStream } = globalThis as Global;
  if (length === undefined || FixedLengthStream === undefined) return stream;
  const { readable, writable } = new FixedLengthStream(length);
  // What breaks either side off breaks the other.
  stream.pipeTo(writable).catch(() => {});
  return readable;
}
