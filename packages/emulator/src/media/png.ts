/** A PNG writer (RFC 2083) for 8-bit RGB, with or without an alpha channel. */
import { promisify } from "node:util";
import { deflate } from "node:zlib";
import type { Raster } from "./raster.ts";

const compress = promisify<Uint8Array, { level: number }, Buffer>(deflate);

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** `zlib.crc32` came with Node 20.15 on some lines only; the table is smaller than the explanation. */
function crc32(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = (crcTable[(value ^ byte) & 255] as number) ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

function chunk(type: string, data: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}

/** Each row as its difference from the row above (filter type 2): skies become runs of zeros. */
function filterUp(pixels: Uint8Array, height: number): Uint8Array {
  const stride = pixels.length / height;
  const filtered = new Uint8Array((stride + 1) * height);
  for (let row = 0; row < height; row += 1) {
    const to = row * (stride + 1);
    const from = row * stride;
    filtered[to] = 2;
    for (let i = 0; i < stride; i += 1) {
      const above = row === 0 ? 0 : (pixels[from - stride + i] as number);
      filtered[to + 1 + i] = (pixels[from + i] as number) - above;
    }
  }
  return filtered;
}

function withAlpha(rgb: Uint8Array, alpha: Uint8Array): Uint8Array {
  const pixels = new Uint8Array(alpha.length * 4);
  for (let pixel = 0; pixel < alpha.length; pixel += 1) {
    pixels.set(rgb.subarray(pixel * 3, pixel * 3 + 3), pixel * 4);
    pixels[pixel * 4 + 3] = alpha[pixel] as number;
  }
  return pixels;
}

/** @param alpha a byte a pixel, 0 for what cannot be seen; left out: the picture has no alpha channel */
export async function encodePng(raster: Raster, alpha?: Uint8Array): Promise<Uint8Array> {
  const pixels = alpha ? withAlpha(raster.rgb, alpha) : raster.rgb;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(raster.width, 0);
  header.writeUInt32BE(raster.height, 4);
  // 8 bits a channel, RGBA or RGB, deflate, adaptive filters, not interlaced
  header.set([8, alpha ? 6 : 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("IDAT", await compress(filterUp(pixels, raster.height), { level: 4 })),
    chunk("IEND", new Uint8Array(0)),
  ]);
}
