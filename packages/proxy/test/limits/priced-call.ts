/** What the tests of a paid call share: a model with a price, an app that may spend on it, and what its store says. */
import type { DefineOptions } from "../../src/limits/options.ts";
import type { Job, Store } from "../../src/stores/store.ts";
import type { fronts } from "../support/fronts.ts";
import type { WildFal } from "../support/wild-fal.ts";
import { openApp, type MeteredApp } from "./metered-app.ts";

export const KEY = "5f0c-id:0123456789abcdef0123456789abcdef";
export const RUN = "fal.run/fal-ai/any/model";
export const SUBMIT = "queue.fal.run/fal-ai/any/model";
export const JOB = "queue.fal.run/fal-ai/any/requests/r-1";
/** What names a reply fal's own. */
export const ID = { "x-fal-request-id": "r-1" };
export const units = (count: string): Record<string, string> => ({
  ...ID,
  "x-fal-billable-units": count,
});

/** One unit at 0.10 USD is what every call is quoted at; two are open at once, at most. */
export const pricedOptions = (): Partial<DefineOptions> => ({
  prices: { "fal-ai/any/model": { flat: 1, usd: "0.1" } },
  limits: { user: { inFlight: 2, calls: { day: 50 }, usd: { day: 10 } } },
});

export const openPriced = (
  open: (typeof fronts)[number][1],
  fal: WildFal,
  more: Partial<DefineOptions> = {},
): Promise<MeteredApp> =>
  openApp(open, { url: fal.url, key: KEY }, { ...pricedOptions(), ...more });

const USED = {
  usd: { guard: "usd day", kind: "spend" },
  calls: { guard: "calls day", kind: "count" },
  places: { guard: "inFlight", kind: "place" },
} as const;

/** What user 42 has used of a limit: dollars as `used (held)`, the others as a number. */
export async function stands(store: Store, of: keyof typeof USED): Promise<string> {
  const { guard, kind } = USED[of];
  const window = of === "places" ? "" : `${new Date().toISOString().slice(0, 10)}T00:00:00.000Z`;
  const { buckets } = await store.look({
    buckets: [{ bucket: `user/42|${guard}|${window}`, kind, subject: "user/42", guard }],
  });
  const { used = 0n, held = 0n } = buckets[0] ?? {};
  return of === "usd" ? `${Number(used) / 1e9} (${Number(held) / 1e9})` : String(used);
}

/** The jobs of which the app has told, in their order. */
export async function jobsOf(app: MeteredApp): Promise<Job[]> {
  const ids = new Set(
    app.events.flatMap((event) => (event.type === "metered" ? [event.jobId] : [])),
  );
  const jobs = await Promise.all([...ids].map(async (id) => (await app.store.look({ id })).job));
  return jobs.filter((job) => job !== undefined);
}

export const lastJob = async (app: MeteredApp): Promise<Job> => (await jobsOf(app)).at(-1) as Job;

/** A call of user 42 whose caller can leave. */
export function postToLeave(
  app: MeteredApp,
  path: string,
): { reply: Promise<Response>; leave(): void } {
  const leaving = new AbortController();
  const reply = app.post("42", path, {}, {}, leaving.signal);
  reply.catch(() => {});
  return { reply, leave: () => leaving.abort() };
}
