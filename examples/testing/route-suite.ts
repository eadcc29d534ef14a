// What every proxy route of a Next app must do, whichever router and runtime it stands on.
import { createHash, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import type { Site } from "./site.ts";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Streams both ways, honest statuses and errors (rows R1, R2, R3, R10, R11, R12, R22, R23, R25, R28). */
export function testRoute(site: Site, route: string): void {
  test("hands over a stream as it comes, through Next's own compression", async () => {
    const gate = `stream ${route}`;
    // fetch asks for gzip by itself.
    const response = await site.post(route, "https://fal.run/test/gated/stream", { gate });
    expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
    const reader = read(response);
    expect(await reader.next()).toContain("first");
    site.openGate(gate);
    expect(await reader.rest()).toContain("last");
  });

  test("stops fal when the caller leaves in mid-stream", async () => {
    const gate = `abort ${route}`;
    const delays: number[] = [];
    // The best of three: the rest of the machine may be busy.
    for (let attempt = 0; attempt < 3; attempt += 1) {
      site.fal.reset();
      const leave = new AbortController();
      const response = await site.call(route, "https://fal.run/test/gated/stream", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ gate }),
        signal: leave.signal,
      });
      await read(response).next();
      const left = Date.now();
      leave.abort();
      const [request] = site.fal.requests;
      await request?.closed;
      expect(request).toMatchObject({ aborted: true });
      delays.push((request?.abortedAt ?? Infinity) - left);
    }
    expect(Math.min(...delays)).toBeLessThanOrEqual(100);
  });

  test.each(["gzip", "br"] as const)(
    "relays a reply in %s so that it decodes",
    async (encoding) => {
      site.fal.script({ path: "/fal-ai/echo", body: '{"text":"ünïcode"}', encoding });
      const response = await site.post(route, "https://fal.run/fal-ai/echo", {});
      expect(await response.json()).toEqual({ text: "ünïcode" });
    },
  );

  test("keeps fal's status, body and error headers", async () => {
    const response = await site.post(route, "https://fal.run/fal-ai/failing", {
      kind: "content_policy_violation",
    });
    expect(response.status).toBe(422);
    expect(response.headers.get("x-fal-error-type")).toBe("content_policy_violation");
    expect(await response.json()).toMatchObject({
      detail: [{ type: "content_policy_violation" }],
    });
  });

  test("marks answers as different for each target, and as nothing to keep", async () => {
    const response = await site.post(route, "https://fal.run/fal-ai/echo", {});
    expect(response.headers.get("vary")).toContain("x-fal-target-url");
    expect(response.headers.get("cache-control")).toBe("no-store, no-transform");
  });

  test("lets the caller see that a reply was cut off", async () => {
    site.fal.script({ path: "/fal-ai/echo", body: "x".repeat(200_000), truncateAtByte: 100_000 });
    const response = await site.post(route, "https://fal.run/fal-ai/echo", {});
    await expect(response.arrayBuffer()).rejects.toThrow();
  });

  test("cancels a queued job: a PUT without a body", async () => {
    const job = { seconds: 60 };
    const submitted = await site.post(route, "https://queue.fal.run/fal-ai/slow", job);
    const { cancel_url } = (await submitted.json()) as { cancel_url: string };
    const cancelled = await site.call(route, cancel_url, { method: "PUT" });
    expect(cancelled.ok).toBe(true);
    expect(site.fal.requests.map(({ method }) => method)).toEqual(["POST", "PUT"]);
  });

  test.each([
    ["not a URL", "%%", 400, "invalid_target"],
    ["no TLS", "http://fal.run/fal-ai/echo", 400, "invalid_target"],
    ["another host", "https://fal.run.example/fal-ai/echo", 400, "target_not_allowed"],
  ])("refuses a target: %s", async (_, target, status, code) => {
    const response = await site.post(route, target, {});
    expect([response.status, await response.json()]).toMatchObject([status, { code }]);
    expect(site.fal.requests).toEqual([]);
  });

  test.each(["HEAD", "PATCH"])("never lets fal see %s", async (method) => {
    const response = await site.call(route, "https://fal.run/fal-ai/echo", { method });
    expect(response.status).toBe(405);
    expect(site.fal.requests).toEqual([]);
  });
}

/** Bodies arrive at fal byte for byte (rows R8, R30, R31), up to the documented 50 MB. */
export function testBytes(site: Site, route: string, sizes: readonly number[]): void {
  const send = async (body: Uint8Array<ArrayBuffer>, contentType: string): Promise<void> => {
    const response = await site.call(route, "https://fal.run/fal-ai/echo", {
      method: "POST",
      headers: { "content-type": contentType },
      body,
    });
    expect(response.status).toBe(200);
    expect(site.fal.requests[0]).toMatchObject({ bodyHash: sha256(body), bodyComplete: true });
  };

  test("leaves JSON as it was written", async () => {
    const json = '{ "seed": 12345678901234567890, "a": 1,  "a": 2 }';
    await send(new TextEncoder().encode(json), "application/json");
  });

  test("leaves bytes that are no text alone", async () => {
    await send(
      Uint8Array.from({ length: 256 }, (_, index) => index),
      "application/octet-stream",
    );
  });

  test.each(sizes)("takes %d bytes", async (size) => {
    await send(randomBytes(size), "application/octet-stream");
  });
}

/** The text of a response, piece by piece. */
function read(response: Response): { next(): Promise<string>; rest(): Promise<string> } {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  const next = async (): Promise<string> => {
    const { value } = await reader.read();
    return decoder.decode(value, { stream: true });
  };
  const rest = async (): Promise<string> => {
    const text = await next();
    return text === "" ? "" : text + (await rest());
  };
  return { next, rest };
}
