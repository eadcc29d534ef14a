/** Serves the prebuilt page from memory: a fixed set of files, so no request can name another one. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, relative, sep } from "node:path";

/** One file as it is sent. */
export interface PageFile {
  body: Buffer;
  headers: Record<string, string>;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".webmanifest": "application/manifest+json",
};

/**
 * Reads a built page.
 *
 * @param folder what `vite build` wrote; files in `assets/` carry a hash in their name
 * @returns files by URL path, `/` being index.html
 * @throws Error when the folder holds no index.html: the package has not been built
 */
export async function loadPage(folder: string): Promise<Map<string, PageFile>> {
  const files = new Map<string, PageFile>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const path = `/${relative(folder, file).split(sep).join("/")}`;
    files.set(path === "/index.html" ? "/" : path, await loadFile(file, path));
  }
  if (!files.has("/")) {
    throw new Error(
      "The playground page has not been built: run `node scripts/build.mjs gateway`.",
    );
  }
  return files;
}

async function loadFile(file: string, path: string): Promise<PageFile> {
  const body = await readFile(file);
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
  const hashed = path.startsWith("/assets/");
  const html = path.endsWith(".html");
  return {
    body,
    headers: {
      "content-type": TYPES[extname(path)] ?? "application/octet-stream",
      "cache-control": html
        ? "no-store"
        : hashed
          ? "public, max-age=31536000, immutable"
          : "no-cache",
      etag,
    },
  };
}

/** Sends the file, or 304 to a browser that has it, or 405 to a method that cannot mean a file. */
export function sendFile(
  req: IncomingMessage,
  res: ServerResponse,
  file: PageFile,
  headers: Readonly<Record<string, string>>,
): void {
  if (req.method !== "GET" && req.method !== "HEAD") {
    res.writeHead(405, { allow: "GET, HEAD" }).end();
    return;
  }
  const known = req.headers["if-none-match"]?.split(/,\s*/) ?? [];
  if (known.some((tag) => tag.replace(/^W\//, "") === file.headers["etag"])) {
    res.writeHead(304, { ...headers, ...file.headers }).end();
    return;
  }
  res.writeHead(200, { ...headers, ...file.headers, "content-length": file.body.length });
  res.end(req.method === "HEAD" ? undefined : file.body);
}
