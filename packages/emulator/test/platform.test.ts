// The Platform API as far as it needs no account, and WebRTC signalling.
import { expect, test } from "vitest";
import { call, post, start } from "./fixture.ts";

test("prices: repeated or listed ids, unknown ones left out, one unknown alone is 404", async () => {
  const emulator = await start();
  const prices = async (query: string): Promise<[number, any]> => {
    const response = await call(emulator, `https://api.fal.ai/v1/models/pricing?${query}`);
    return [response.status, await response.json()];
  };
  const picture = {
    endpoint_id: "test/picture",
    unit_price: 0.025,
    unit: "megapixels",
    currency: "USD",
  };
  expect(await prices("endpoint_id=test/picture")).toEqual([
    200,
    { prices: [picture], next_cursor: null, has_more: false },
  ]);
  const [, both] = await prices("endpoint_id=test/picture,no/such&endpoint_id=fal-ai/echo");
  expect(both.prices.map((price: { endpoint_id: string }) => price.endpoint_id)).toEqual([
    "test/picture",
    "fal-ai/echo",
  ]);
  expect(await prices("endpoint_id=no/such")).toMatchObject([
    404,
    { error: { type: "not_found" } },
  ]);
  expect(await prices("")).toMatchObject([400, { error: { type: "validation_error" } }]);
  const many = Array.from({ length: 51 }, () => "endpoint_id=a/b").join("&");
  expect((await prices(many))[0]).toBe(400);
});

test("an estimate adds up units", async () => {
  const emulator = await start();
  const url = "https://api.fal.ai/v1/models/pricing/estimate";
  const endpoints = { "test/picture": { unit_quantity: 100 }, "fal-ai/echo": { unit_quantity: 3 } };
  const response = await post(emulator, url, { estimate_type: "unit_price", endpoints });
  expect(await response.json()).toEqual({
    estimate_type: "unit_price",
    total_cost: 2.503,
    currency: "USD",
  });
  expect((await post(emulator, url, { estimate_type: "guess", endpoints })).status).toBe(400);
});

test("F3: the list of models needs no key, and is searched, filtered and read in pages", async () => {
  const emulator = await start({
    models: [
      {
        id: "shop/red-shoe",
        title: "Red Shoe",
        category: "text-to-image",
        run: async () => ({ body: {} }),
      },
      {
        id: "shop/blue-shoe",
        title: "Blue Shoe",
        category: "text-to-video",
        run: async () => ({ body: {} }),
      },
      { id: "shop/hat", title: "Hat", category: "text-to-image", run: async () => ({ body: {} }) },
    ],
  });
  const list = async (query: string): Promise<any> => {
    const response = await fetch(`${emulator.url}/api.fal.ai/v1/models?${query}`);
    return { status: response.status, ...((await response.json()) as object) };
  };
  const ids = ({ models }: { models: Array<{ endpoint_id: string }> }): string[] =>
    models.map(({ endpoint_id: id }) => id);
  expect(ids(await list("q=SHOE"))).toEqual(["shop/red-shoe", "shop/blue-shoe"]);
  expect(ids(await list("q=shoe+red"))).toEqual(["shop/red-shoe"]);
  expect(ids(await list("q=shop&category=text-to-image"))).toEqual(["shop/red-shoe", "shop/hat"]);
  expect(ids(await list("q=shop&status=deprecated"))).toEqual([]);
  expect(ids(await list("endpoint_id=shop/hat,shop/red-shoe"))).toEqual([
    "shop/red-shoe",
    "shop/hat",
  ]);
  expect((await list(`endpoint_id=${"a/b,".repeat(51)}`)).status).toBe(400);
  const first = await list("q=shop&limit=2");
  expect(first).toMatchObject({ has_more: true, models: [{}, { metadata: { status: "active" } }] });
  const second = await list(`q=shop&limit=2&cursor=${first.next_cursor}`);
  expect(second).toMatchObject({ has_more: false, next_cursor: null });
  expect([...ids(first), ...ids(second)]).toEqual(["shop/red-shoe", "shop/blue-shoe", "shop/hat"]);
});

test("open documents: webhook keys and webhook addresses", async () => {
  const emulator = await start();
  const jwks = await (await fetch(`${emulator.url}/rest.fal.ai/.well-known/jwks.json`)).json();
  expect((jwks as { keys: object[] }).keys).toContainEqual(
    expect.objectContaining({ kty: "OKP", crv: "Ed25519" }),
  );
  const meta = await (await fetch(`${emulator.url}/api.fal.ai/v1/meta`)).json();
  expect(meta).toEqual({ webhook_ip_ranges: ["127.0.0.0/8"] });
});

test("signalling: a session answers the offer, beats, and is unknown after a reset", async () => {
  const emulator = await start();
  const send = async (path: string, body: object): Promise<any> =>
    (await post(emulator, `https://wma.fal.run/${path}`, body)).json();
  // F5: servers with credentials for a while, as fal answers.
  expect(await send("ice", { app_id: "fal-ai/echo" })).toMatchObject({
    ice_servers: [
      { urls: [expect.stringMatching(/^stun:/)] },
      {
        urls: [expect.stringMatching(/^turn:/), expect.stringMatching(/^turns:/)],
        username: expect.stringMatching(/^\d+:/),
        credential: expect.stringMatching(/^.{20}$/),
      },
    ],
    status: "ok",
    credential_age_seconds: 0,
  });
  const session = await send("session", {
    app_id: "fal-ai/echo",
    type: "offer",
    sdp: "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n",
  });
  expect(session).toMatchObject({ type: "answer", sdp: expect.stringContaining("m=video 0 ") });
  const beat = (): Promise<any> => send("session/heartbeat", { session_id: session.session_id });
  expect(await beat()).toEqual({ alive: true });
  emulator.reset();
  expect(await beat()).toEqual({ alive: false });
});
