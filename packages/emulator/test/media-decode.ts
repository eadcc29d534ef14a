// Reads pictures back without the code that wrote them.
import { createRequire } from "node:module";
import { inflateSync } from "node:zlib";

export interface Decoded {
  width: number;
  height: number;
  /** Red, green, blue of the pixel. */
  at(x: number, y: number): [number, number, number];
  /** From 0, which cannot be seen, to 255; always 255 without an alpha channel. */
  alphaAt(x: number, y: number): number;
}

/** Bitwise CRC-32, the definition rather than a table. */
function crc(bytes: Uint8Array): number {
  let value = ~0;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  }
  return ~value >>> 0;
}

/** An 8-bit PNG, RGB or RGBA; every chunk's checksum is verified. */
export function decodePng(bytes: Uint8Array): Decoded {
  const file = Buffer.from(bytes);
  if (file.toString("latin1", 0, 8) !== "\x89PNG\r\n\x1a\n") throw new Error("no PNG signature");
  const data: Buffer[] = [];
  const types: string[] = [];
  let header = Buffer.alloc(0);
  for (let at = 8; at < file.length;) {
    const length = file.readUInt32BE(at);
    const type = file.toString("latin1", at + 4, at + 8);
    const body = file.subarray(at + 8, at + 8 + length);
    if (crc(file.subarray(at + 4, at + 8 + length)) !== file.readUInt32BE(at + 8 + length)) {
      throw new Error(`checksum of ${type}`);
    }
    types.push(type);
    if (type === "IHDR") header = body;
    if (type === "IDAT") data.push(body);
    at += 12 + length;
  }
  if (types[0] !== "IHDR" || types.at(-1) !== "IEND") throw new Error("order of chunks");
  const width = header.readUInt32BE(0);
  const height = header.readUInt32BE(4);
  const channels = { 2: 3, 6: 4 }[header[9]!];
  if (header[8] !== 8 || channels === undefined || header[12] !== 0) throw new Error("not 8-bit");
  const raw = inflateSync(Buffer.concat(data));
  const stride = width * channels;
  if (raw.length !== (stride + 1) * height) throw new Error("length of the image data");
  const pixels = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y += 1) {
    const filter = raw[y * (stride + 1)]!;
    for (let i = 0; i < stride; i += 1) {
      const left = i >= channels ? pixels[y * stride + i - channels]! : 0;
      const above = y > 0 ? pixels[(y - 1) * stride + i]! : 0;
      const corner = y > 0 && i >= channels ? pixels[(y - 1) * stride + i - channels]! : 0;
      const guess = [0, left, above, (left + above) >> 1, paeth(left, above, corner)][filter];
      if (guess === undefined) throw new Error(`filter ${filter}`);
      pixels[y * stride + i] = (raw[y * (stride + 1) + 1 + i]! + guess) & 255;
    }
  }
  const alphaAt = (x: number, y: number): number =>
    channels === 4 ? pixels[(y * width + x) * 4 + 3]! : 255;
  return { width, height, at: pixelOf(pixels, width, channels), alphaAt };
}

function paeth(left: number, above: number, corner: number): number {
  const estimate = left + above - corner;
  const distances = [left, above, corner].map((value) => Math.abs(estimate - value));
  const nearest = Math.min(...distances);
  return [left, above, corner][distances.indexOf(nearest)]!;
}

const pixelOf =
  (pixels: Uint8Array, width: number, channels: number): Decoded["at"] =>
  (x, y) => {
    const at = (y * width + x) * channels;
    return [pixels[at]!, pixels[at + 1]!, pixels[at + 2]!];
  };

type JpegDecode = (bytes: Uint8Array) => { width: number; height: number; data: Uint8Array };

export function decodeJpeg(bytes: Uint8Array): Decoded {
  const jpeg = createRequire(import.meta.url)("jpeg-js") as { decode: JpegDecode };
  const { width, height, data } = jpeg.decode(bytes);
  return { width, height, at: pixelOf(data, width, 4), alphaAt: () => 255 };
}

/** Mean difference per channel over a grid, 0 to 255: two pictures of one scene are below 4, two scenes far above. */
export function difference(one: Decoded, other: Decoded): number {
  let sum = 0;
  const cells = 24;
  for (let i = 0; i < cells * cells; i += 1) {
    const [u, v] = [((i % cells) + 0.5) / cells, (Math.floor(i / cells) + 0.5) / cells];
    const a = one.at(Math.floor(u * one.width), Math.floor(v * one.height));
    const b = other.at(Math.floor(u * other.width), Math.floor(v * other.height));
    for (const channel of [0, 1, 2] as const) sum += Math.abs(a[channel] - b[channel]);
  }
  return sum / (cells * cells * 3);
}
