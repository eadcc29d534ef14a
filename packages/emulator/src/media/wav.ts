/** WAV files: 16-bit PCM, one channel. */

const HEADER_BYTES = 44;
const BYTES_PER_SAMPLE = 2;

/** The header of a file with `samples` samples to come. */
export function wavHeader(samples: number, sampleRate: number): Uint8Array {
  const header = Buffer.alloc(HEADER_BYTES);
  const dataBytes = samples * BYTES_PER_SAMPLE;
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(HEADER_BYTES - 8 + dataBytes, 4);
  header.write("WAVEfmt ", 8, "latin1");
  header.writeUInt32LE(16, 16); // length of what describes the format
  header.writeUInt16LE(1, 20); // PCM
  header.writeUInt16LE(1, 22); // channels
  header.writeUInt32LE(sampleRate, 24);
  header.writeUInt32LE(sampleRate * BYTES_PER_SAMPLE, 28);
  header.writeUInt16LE(BYTES_PER_SAMPLE, 32);
  header.writeUInt16LE(8 * BYTES_PER_SAMPLE, 34);
  header.write("data", 36, "latin1");
  header.writeUInt32LE(dataBytes, 40);
  return header;
}

/** Samples from -1 to 1 as bytes. Louder ones are bent, not cut. */
export function pcm(samples: Float32Array): Uint8Array {
  const bytes = Buffer.alloc(samples.length * BYTES_PER_SAMPLE);
  for (const [index, sample] of samples.entries()) {
    bytes.writeInt16LE(Math.round(Math.tanh(sample) * 32_767), index * BYTES_PER_SAMPLE);
  }
  return bytes;
}

export function encodeWav(samples: Float32Array, sampleRate: number): Uint8Array {
  return Buffer.concat([wavHeader(samples.length, sampleRate), pcm(samples)]);
}

/** Length in seconds; undefined when the bytes are no WAV file. */
export function wavSeconds(bytes: Uint8Array): number | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (file.length < HEADER_BYTES || file.toString("latin1", 0, 4) !== "RIFF") return undefined;
  const bytesPerSecond = file.readUInt32LE(28);
  // Other programs put chunks of their own before the data.
  const data = file.indexOf("data", 36, "latin1");
  if (data === -1 || data + 8 > file.length || bytesPerSecond === 0) return undefined;
  return file.readUInt32LE(data + 4) / bytesPerSecond;
}
