/** The app of all processes, and the models that it calls: one for each user, so that fal's bill tells who pays. */
import type { Model } from "fal-emulator";
import { defineProxy, type FalProxy } from "../../src/limits/define.ts";
import type { BucketRef, Store } from "../../src/stores/store.ts";

const PREFIX = "fal-ai/load";

export const modelOf = (user: string): string => `${PREFIX}/${user}`;
export const userOf = (endpoint: string): string => endpoint.slice(PREFIX.length + 1);

/** What it costs is known only afterwards, to the nano-dollar, and is less than what is set aside. */
export const createModel = (user: string): Model => ({
  id: modelOf(user),
  price: { unitPrice: 0.0371, unit: "images" },
  run: async ({ num_images: images, fails, silent }, { wait }) => {
    await wait(10);
    if (fails === true) return { status: 422, body: { detail: [] }, billableUnits: "0" };
    const units = (Number(images) * 0.987654321).toFixed(9);
    return { body: { images }, billableUnits: silent === true ? undefined : units };
  },
});

export const defineApp = (store: Store, fal: { url: string; key: string }): FalProxy =>
  defineProxy({
    isAuthenticated: (call) => ({ id: call.getHeader("x-user") ?? "" }),
    resolveFalAuth: () => fal.key,
    accounts: { main: () => fal.key },
    upstream: fal.url,
    store,
    prices: {
      [`${PREFIX}/*`]: { flat: 1, usd: "0.0371", times: { num_images: { default: 1, max: 9 } } },
    },
    limits: {
      user: { inFlight: 50, calls: { "1h": 1_000_000 }, usd: { ever: 1000 } },
      all: { usd: { day: 100_000 } },
    },
  });

export const budgetOf = (user: string): BucketRef => ({
  bucket: `user/${user}|usd ever|`,
  kind: "spend",
  subject: `user/${user}`,
  guard: "usd ever",
});
