// What passes through a recorder, and for whom; what it keeps is in cassettes.test.ts.
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createRecorder } from "../src/index.ts";
import { start } from "./fixture.ts";

/** A recorder with a folder of its own; its URL. */
async function recorderOf(upstream: string, key: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "cassettes-"));
  const recorder = await createRecorder({ folder, key, upstream });
  onTestFinished(async () => {
    await recorder.close();
    await rm(folder, { recursive: true });
  });
  return recorder.url;
}

/** A fal that answers every call with these events: the second half of the text when `finish` is called. */
async function falWithEvents(
  first: string,
  second: string,
): Promise<{ url: string; finish(): void }> {
  let finish = (): void => {};
  const fal = createServer((_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(first);
    finish = () => response.end(second);
  });
  await new Promise<void>((resolve) => fal.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void fal.close());
  const { port } = fal.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, finish: () => finish() };
}

const stream = (url: string): Promise<Response> =>
  fetch(`${url}/fal.run/fal-ai/x/stream`, {
    method: "POST",
    headers: { authorization: "Key a:b" },
    body: "{}",
  });

test("whoever calls knows the key that pays", async () => {
  const emulator = await start();
  const url = await recorderOf(emulator.url, emulator.key);
  const call = async (headers: Record<string, string>): Promise<number> => {
    const body = '{"text":"paid by the key"}';
    return (await fetch(`${url}/fal.run/fal-ai/echo`, { method: "POST", headers, body })).status;
  };
  expect(await call({})).toBe(401);
  for (const authorization of ["", "Key a:b", `Bearer ${emulator.key}`]) {
    expect(await call({ authorization })).toBe(401);
  }
  expect(emulator.requests).toHaveLength(0);
  expect(await call({ authorization: `Key ${emulator.key}` })).toBe(200);
});

test("bodies that are no text, and queries, arrive at fal byte by byte", async () => {
  const emulator = await start();
  const url = await recorderOf(emulator.url, emulator.key);
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  await fetch(`${url}/fal.run/fal-ai/echo?a=%20b+c&d=%7E`, {
    method: "POST",
    headers: { "content-type": "application/octet-stream", authorization: `Key ${emulator.key}` },
    body: bytes,
  });
  expect(emulator.requests[0]).toMatchObject({
    path: "/fal-ai/echo?a=%20b+c&d=%7E",
    bodyHash: createHash("sha256").update(bytes).digest("hex"),
  });
});

test.each(["\n", "\r\n", "\r"])("events pass one by one, when lines end in %j", async (end) => {
  const fal = await falWithEvents(`data: {"n":1}${end}${end}data: {"n"`, `:2}${end}${end}`);
  const response = await stream(await recorderOf(fal.url, "a:b"));
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  expect((await reader.read()).value).toBe(`data: {"n":1}${end}${end}`);
  fal.finish();
  expect((await reader.read()).value).toBe(`data: {"n":2}${end}${end}`);
});

test("an event with a picture in it passes as a small one does", async () => {
  const half = "x".repeat(250_000);
  const fal = await falWithEvents(`data: ${half}`, `${half}\n\n`);
  const response = await stream(await recorderOf(fal.url, "a:b"));
  fal.finish();
  expect((await response.text()).length).toBe("data: \n\n".length + 2 * half.length);
});
