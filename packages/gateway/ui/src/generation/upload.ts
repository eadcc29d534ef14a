/** Puts a picked file into fal's storage with the real client, and tells how far the bytes are. */
import { createFalClient } from "@fal-ai/client";

/**
 * @param onProgress called with 0…1 while the bytes travel
 * @returns the URL to use as an input
 */
export function uploadFile(
  proxyUrl: string,
  file: File,
  onProgress: (fraction: number) => void,
  signal: AbortSignal,
): Promise<string> {
  let sent = 0;
  const client = createFalClient({
    proxyUrl,
    fetch: async (url, init) => {
      // The client sends JSON through the proxy, and blobs (the file, or its parts) to the file host.
      if (!(init?.body instanceof Blob)) return fetch(url, { ...init, signal });
      const response = await sendBlob(String(url), init, init.body, signal, (bytes) =>
        onProgress((sent + bytes) / Math.max(1, file.size)),
      );
      sent += init.body.size;
      return response;
    },
  });
  return client.storage.upload(file);
}

/** fetch() does not report upload progress; XMLHttpRequest does. */
function sendBlob(
  url: string,
  init: RequestInit,
  body: Blob,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(init.method ?? "PUT", url);
    for (const [name, value] of new Headers(init.headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => onBytes(event.loaded));
    request.addEventListener("load", () => {
      const type = request.getResponseHeader("content-type") ?? "text/plain";
      const status = request.status;
      // A Response of these statuses may not carry a body.
      const text = status === 204 || status === 205 ? null : request.responseText;
      resolve(new Response(text, { status, headers: { "content-type": type } }));
    });
    request.addEventListener("error", () => reject(new TypeError("The file host does not answer")));
    request.addEventListener("abort", () => reject(new DOMException("Stopped", "AbortError")));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(body);
  });
}
