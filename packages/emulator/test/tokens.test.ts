// Tokens for callers without a key: what they open, and what they do not.
import { expect, test } from "vitest";
import type { Emulator } from "../src/index.ts";
import { client, post, start, until } from "./fixture.ts";

const streamWith = (emulator: Emulator, token: string, id = "fal-ai/echo"): Promise<Response> =>
  fetch(`${emulator.url}/fal.run/${id}/stream?fal_jwt_token=${token}`, { method: "POST" });

test("tokens: the old form is a string scoped by alias, the new one an object scoped by path", async () => {
  const emulator = await start();
  const old = await post(emulator, "https://rest.fal.ai/tokens/", {
    allowed_apps: ["echo"],
    token_expiration: 120,
  });
  const oldToken = (await old.json()) as string;
  expect([old.status, typeof oldToken]).toEqual([201, "string"]);
  expect((await streamWith(emulator, oldToken)).status).toBe(200);
  expect((await streamWith(emulator, oldToken, "test/slow")).status).toBe(401);

  const fresh = await post(emulator, "https://rest.fal.ai/tokens/realtime", {
    allowed_apps: ["fal-ai/echo/realtime"],
    duration: 1.5,
  });
  const { token } = (await fresh.json()) as { token: string };
  expect((await streamWith(emulator, token)).status).toBe(200);
  await until(async () => (await streamWith(emulator, token)).status === 401);
  expect((await streamWith(emulator, `${oldToken.slice(0, -4)}AAAA`)).status).toBe(401);
  const nothing = await post(emulator, "https://rest.fal.ai/tokens/", {});
  expect(nothing.status).toBe(422);
});

test("a token buys a stream, never a run, a job or a token", async () => {
  const emulator = await start();
  const answer = await post(emulator, "https://rest.fal.ai/tokens/", { allowed_apps: ["echo"] });
  const token = (await answer.json()) as string;
  for (const path of ["fal.run/fal-ai/echo", "queue.fal.run/fal-ai/echo", "rest.fal.ai/tokens/"]) {
    const response = await fetch(`${emulator.url}/${path}?fal_jwt_token=${token}`, {
      method: "POST",
    });
    expect(response.status).toBe(401);
  }
});

test("the client's stream in client mode fetches its own token", async () => {
  const emulator = await start();
  const stream = await client(emulator).stream("fal-ai/echo", {
    input: { a: 1 },
    connectionMode: "client",
  });
  expect(await stream.done()).toMatchObject({ input: { a: 1 } });
  const [, request] = emulator.requests;
  expect(request!.path).toMatch(/fal_jwt_token=/);
  expect(request!.headers["authorization"]).toBeUndefined();
});
