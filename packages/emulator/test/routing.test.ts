// Who may call, at which address, and what fal says to everyone else.
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { expect, test } from "vitest";
import { createEmulator } from "../src/index.ts";
import { call, ended, post, start, submit } from "./fixture.ts";

test.each([
  ["fal.run/fal-ai/echo", undefined, "Authentication is required to access this application."],
  ["fal.run/fal-ai/echo", "Key no:body", "invalid key credentials"],
  ["queue.fal.run/fal-ai/echo", "Bearer abc", "Could not decode the issuer of the token"],
  ["rest.fal.ai/storage/upload/initiate", undefined, "Authorization header is required"],
])("401 of %s for %s", async (path, authorization, detail) => {
  const emulator = await start();
  const response = await fetch(`${emulator.url}/${path}`, {
    method: "POST",
    headers: authorization === undefined ? {} : { authorization },
  });
  expect([response.status, await response.json()]).toEqual([401, { detail }]);
});

test("401 of the Platform API and of signalling in their own forms", async () => {
  const emulator = await start();
  const get = async (path: string): Promise<unknown> =>
    (await fetch(`${emulator.url}/${path}`)).json();
  expect(await get("api.fal.ai/v1/models/pricing")).toMatchObject({
    error: { type: "authorization_error" },
  });
  expect(await get("wma.fal.run/ice")).toEqual({ error: "missing Authorization header" });
});

test("no answer repeats the key", async () => {
  const emulator = await start();
  const [id, secret] = emulator.key.split(":") as [string, string];
  for (const url of ["fal.run/fal-ai/echo", "fal.run/fal-ai/echo/stream", "rest.fal.ai/tokens/"]) {
    const response = await post(emulator, `https://${url}`, { allowed_apps: ["echo"] });
    const all = JSON.stringify([...response.headers]) + (await response.text());
    expect(all).not.toContain(secret);
    expect(all).not.toContain(id);
  }
});

test("run: 404 for an app and for a path, 405, 422 for a body that is no object, 500 without details", async () => {
  const emulator = await start();
  const outcome = async (response: Response): Promise<unknown[]> => [
    response.status,
    response.headers.get("x-fal-billable-units"),
    response.headers.has("x-fal-request-id"),
    await response.json(),
  ];
  expect(await outcome(await post(emulator, "https://fal.run/test/nothing"))).toEqual([
    404,
    null,
    true,
    { detail: 'Application "nothing" not found' },
  ]);
  expect(await outcome(await post(emulator, "https://fal.run/test/slow/nothing"))).toEqual([
    404,
    "0",
    true,
    { detail: "Path /nothing not found" },
  ]);
  expect((await call(emulator, "https://fal.run/test/slow", { method: "DELETE" })).status).toBe(
    405,
  );
  const listed = await post(emulator, "https://fal.run/test/slow", [1]);
  expect(await outcome(listed)).toMatchObject([422, "0", true, { detail: [{ loc: ["body"] }] }]);
  const broken = await call(emulator, "https://fal.run/test/slow", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{",
  });
  expect(await outcome(broken)).toMatchObject([
    422,
    "0",
    true,
    { detail: [{ type: "json_invalid" }] },
  ]);
  const thrown = await post(emulator, "https://fal.run/test/throws");
  expect(thrown.headers.get("x-fal-error-type")).toBe("runner_server_error");
  expect(await outcome(thrown)).toMatchObject([
    500,
    null,
    true,
    { detail: "Internal Server Error" },
  ]);
});

test("echo tells the bytes of any body", async () => {
  const emulator = await start();
  const response = await call(emulator, "https://fal.run/fal-ai/echo", {
    method: "POST",
    headers: { "content-type": "application/octet-stream" },
    body: Buffer.from([0, 255, 128]),
  });
  expect(await response.json()).toMatchObject({
    body_length: 3,
    body_sha256: emulator.requests[0]!.bodyHash,
    headers: { "content-type": "application/octet-stream" },
  });
});

test("the Host header is an address as well; a strange one is not", async () => {
  const emulator = await start();
  const { port } = new URL(emulator.url);
  const get = (host: string, path: string): Promise<number> =>
    new Promise((resolve) =>
      httpRequest(
        { port, path, headers: { host, authorization: `Key ${emulator.key}` } },
        (response) => response.resume().on("end", () => resolve(response.statusCode!)),
      ).end(),
    );
  expect(await get("FAL.run:443", "/fal-ai/echo?a=1")).toBe(200);
  expect(await get("evil.example", "/fal-ai/echo")).toBe(404);
  expect(await get("localhost", "/evil.example/x")).toBe(404);
  expect(await get("localhost", "/")).toBe(404);
  expect(emulator.requests.map(({ url }) => url)).toEqual([
    "https://fal.run/fal-ai/echo?a=1",
    "https://fal-ai/echo",
    "https://evil.example/x",
    "https:///",
  ]);
});

test("backup names stand for the hosts they back up", async () => {
  const emulator = await start();
  expect((await post(emulator, "https://falrun.com/fal-ai/echo")).status).toBe(200);
  const response = await post(emulator, "https://queue.falrun.com/fal-ai/echo");
  await ended(emulator, (await response.json()) as { status_url: string });
  expect(
    (await post(emulator, "https://rest.alpha.fal.ai/tokens/", { allowed_apps: [] })).status,
  ).toBe(201);
});

test("TLS: fal's own names, one certificate", async () => {
  const emulator = await start({ tls: true });
  const { port } = new URL(emulator.url);
  const send = (servername: string, ca: string | undefined): Promise<number | string> =>
    new Promise((resolve) =>
      httpsRequest(
        {
          host: "127.0.0.1",
          port,
          servername,
          ca,
          method: "POST",
          path: "/fal-ai/echo",
          headers: { host: servername, authorization: `Key ${emulator.key}` },
        },
        (response) => response.resume().on("end", () => resolve(response.statusCode!)),
      )
        .on("error", (error: NodeJS.ErrnoException) => resolve(error.code!))
        .end(),
    );
  expect(emulator.url).toMatch(/^https:/);
  expect(await send("fal.run", emulator.certificate)).toBe(200);
  expect(await send("queue.fal.run", emulator.certificate)).toBe(200);
  expect(await send("fal.run", undefined)).toBe("DEPTH_ZERO_SELF_SIGNED_CERT");
  expect(await send("evil.example", emulator.certificate)).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
  expect(emulator.requests.map(({ host }) => host)).toEqual(["fal.run", "queue.fal.run"]);
});

test("wrong options fail at creation, by name; a taken port says so", async () => {
  await expect(createEmulator({ keys: ["nocolon"] })).rejects.toThrow(/keys: .*<id>:<secret>/);
  await expect(createEmulator({ latency: -1 })).rejects.toThrow(/latency/);
  await expect(createEmulator({ concurrency: 0 })).rejects.toThrow(/concurrency/);
  const emulator = await start();
  const port = Number(new URL(emulator.url).port);
  await expect(createEmulator({ port })).rejects.toMatchObject({ code: "EADDRINUSE" });
});

test("listening on every address, it names one that this machine can call", async () => {
  const emulator = await start({ host: "0.0.0.0" });
  expect(emulator.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect((await post(emulator, "https://fal.run/fal-ai/echo")).status).toBe(200);
});

test("close ends streams that are under way", async () => {
  const emulator = await createEmulator({ latency: 1, queueMs: 60_000 });
  const job = await submit(emulator, "fal-ai/echo");
  const response = await call(emulator, `${job.status_url}/stream`);
  const reading = response.text();
  await emulator.close();
  await expect(reading).rejects.toThrow();
});
