/** An app with a meter in front of an emulated fal: who calls is in a header, money is looked up in its store. */
import type { Emulator } from "fal-emulator";
import type { ProxyEvent } from "../../src/index.ts";
import { defineProxy } from "../../src/limits/define.ts";
import type { DefineOptions } from "../../src/limits/options.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import type { Store } from "../../src/stores/store.ts";
import type { Front, fronts } from "../support/fronts.ts";

export interface MeteredApp {
  readonly events: ProxyEvent[];
  readonly store: Store;
  readonly front: Front;
  /** Asks as a user. */
  ask(user: string, path: string, init?: RequestInit): Promise<Response>;
  post(
    user: string,
    path: string,
    input?: object,
    headers?: Record<string, string>,
    signal?: AbortSignal,
  ): Promise<Response>;
  close(): void;
}

export async function openApp(
  open: (typeof fronts)[number][1],
  fal: Pick<Emulator, "url" | "key">,
  options: Partial<DefineOptions> = {},
): Promise<MeteredApp> {
  const events: ProxyEvent[] = [];
  const store = options.store ?? memoryStore();
  const front = await open(
    defineProxy({
      isAuthenticated: (call) => {
        const [id = "", tenant, plan] = (call.getHeader("x-user") ?? "").split(" ");
        return id === "" ? true : { id, ...(tenant && { tenant }), ...(plan && { plan }) };
      },
      resolveFalAuth: () => fal.key,
      upstream: fal.url,
      onEvent: (event) => events.push(event),
      ...options,
      store,
    }),
  );
  const ask: MeteredApp["ask"] = (user, path, init) =>
    front.ask(path, { ...init, headers: { "x-user": user, ...(init?.headers as object) } });
  return {
    events,
    store,
    front,
    ask,
    post: (user, path, input = { prompt: "a cat" }, headers = {}, signal) =>
      ask(user, path, {
        method: "POST",
        ...(signal && { signal }),
        body: JSON.stringify(input),
        headers: { "content-type": "application/json", ...headers },
      }),
    close: front.close,
  };
}
