/** The bytes behind file URLs: what models make in memory, what callers upload on disk, both bounded. */
import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

/** A run of bytes, in memory or on disk. */
export interface Piece {
  readonly size: number;
  /** MD5 in hex, as object stores make their ETags. */
  readonly md5: string;
  readonly bytes?: Uint8Array;
  readonly path?: string;
}

export interface StoredFile {
  readonly contentType: string;
  readonly pieces: readonly Piece[];
  readonly size: number;
  readonly etag: string;
  /** Milliseconds since the epoch; Infinity: never. */
  readonly expiresAt: number;
  /** What a reader without a CDN token gets: the file, 403 or 404. */
  access: "allow" | "forbid" | "hide";
}

export interface Files {
  /** Keeps bytes in memory. */
  hold(bytes: Uint8Array): Piece;
  /** Writes a stream to disk. Rejects, and keeps nothing, when the stream breaks off. */
  write(chunks: AsyncIterable<Uint8Array>): Promise<Piece>;
  discard(piece: Piece): void;
  save(name: string, file: Omit<StoredFile, "size" | "etag">): void;
  find(name: string): StoredFile | undefined;
  clear(): void;
}

/** Bytes kept in memory and on disk; the oldest files make room for new ones. */
const limits = { memory: 256 * 1024 * 1024, disk: 4 * 1024 * 1024 * 1024 };

export function createFiles(): Files {
  const files = new Map<string, StoredFile>();
  const used = { memory: 0, disk: 0 };
  let folder: string | undefined;
  const where = (piece: Piece): "memory" | "disk" => (piece.bytes ? "memory" : "disk");

  const discard = (piece: Piece): void => {
    used[where(piece)] -= piece.size;
    if (piece.path !== undefined) void rm(piece.path, { force: true });
  };
  const forget = (name: string): void => {
    files.get(name)?.pieces.forEach(discard);
    files.delete(name);
  };
  const makeRoom = (): void => {
    for (const kind of ["memory", "disk"] as const) {
      for (const [name, file] of files) {
        if (used[kind] <= limits[kind]) break;
        if (file.pieces.some((piece) => where(piece) === kind)) forget(name);
      }
    }
  };

  return {
    hold: (bytes) => {
      used.memory += bytes.length;
      makeRoom();
      return { size: bytes.length, md5: createHash("md5").update(bytes).digest("hex"), bytes };
    },
    write: async (chunks) => {
      folder ??= mkdtempSync(join(tmpdir(), "fal-emulator-"));
      const path = join(folder, randomUUID());
      const md5 = createHash("md5");
      let size = 0;
      const measured = async function* (): AsyncGenerator<Uint8Array> {
        for await (const chunk of chunks) {
          md5.update(chunk);
          size += chunk.length;
          if (size > limits.disk) throw new RangeError("The emulator keeps no file this large");
          yield chunk;
        }
      };
      try {
        await pipeline(measured, createWriteStream(path));
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      }
      used.disk += size;
      makeRoom();
      return { size, md5: md5.digest("hex"), path };
    },
    discard,
    save: (name, file) => {
      forget(name);
      const size = file.pieces.reduce((sum, piece) => sum + piece.size, 0);
      files.set(name, { ...file, size, etag: etagOf(file.pieces) });
    },
    find: (name) => {
      const file = files.get(name);
      if (!file || file.expiresAt > Date.now()) return file;
      forget(name);
      return undefined;
    },
    clear: () => {
      files.clear();
      used.memory = used.disk = 0;
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
      folder = undefined;
    },
  };
}

/** As S3 does it: the hash of one piece, or the hash of the hashes and their number. */
function etagOf(pieces: readonly Piece[]): string {
  if (pieces.length === 1) return `"${pieces[0]!.md5}"`;
  const all = createHash("md5");
  for (const piece of pieces) all.update(piece.md5, "hex");
  return `"${all.digest("hex")}-${pieces.length}"`;
}

/** Bytes `start` to `end` (inclusive) of a file, read as they are asked for. */
export async function* readRange(
  file: StoredFile,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  let offset = 0;
  for (const { size, bytes, path } of file.pieces) {
    const from = Math.max(start - offset, 0);
    const to = Math.min(end - offset, size - 1);
    offset += size;
    if (from > to) continue;
    if (bytes) yield bytes.subarray(from, to + 1);
    else yield* createReadStream(path!, { start: from, end: to }) as AsyncIterable<Uint8Array>;
  }
}
