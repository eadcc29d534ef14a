// One built app, one emulator behind it and the raw calls that tests make through it.
import { afterAll, beforeAll, beforeEach } from "vitest";
import { createEmulator, type Emulator, type Model } from "fal-emulator";
import { buildApp } from "./built-app.mjs";
import { startNextApp, type NextApp } from "./next-app.ts";

/** Signs the sessions of the apps under test. */
export const sessionSecret = "only for tests";

export interface Site {
  readonly app: NextApp;
  readonly fal: Emulator;
  /** Lets the stream of that name, made by `test/gated`, go on to its end. */
  openGate(name: string): void;
  /** Calls fal through a route of the app: `route` is its path, `target` fal's URL. */
  call(route: string, target: string, init?: RequestInit): Promise<Response>;
  /** The same as a POST of JSON. */
  post(route: string, target: string, input: unknown): Promise<Response>;
}

/** Builds and starts the app before the tests of a file, and forgets all traffic before each. */
export function useSite(name: string): Site {
  const gates = createGates();
  let app: NextApp | undefined;
  let fal: Emulator | undefined;
  beforeAll(async () => {
    [fal] = await Promise.all([createEmulator({ models: [gates.model] }), buildApp(name)]);
    app = await startNextApp(name, {
      FAL_KEY: fal.key,
      FAL_PROXY_UPSTREAM: fal.url,
      SESSION_SECRET: sessionSecret,
    });
  }, 300_000);
  beforeEach(() => fal?.reset());
  afterAll(async () => {
    await app?.stop();
    await fal?.close();
  });

  const call: Site["call"] = (route, target, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set("x-fal-target-url", target);
    return fetch(new URL(route, site.app.url), { ...init, headers });
  };
  const site: Site = {
    get app() {
      return app as NextApp;
    },
    get fal() {
      return fal as Emulator;
    },
    openGate: gates.open,
    call,
    post: (route, target, input) =>
      call(route, target, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(input),
      }),
  };
  return site;
}

/** A model whose stream halts after its first event until the test says so: no clock decides what was buffered. */
function createGates(): { model: Model; open(name: string): void } {
  const gates = new Map<string, PromiseWithOpen>();
  const gate = (name: string): PromiseWithOpen => {
    let known = gates.get(name);
    if (known === undefined) gates.set(name, (known = promiseWithOpen()));
    return known;
  };
  return {
    open: (name) => gate(name).open(),
    model: {
      id: "test/gated",
      run: async () => ({ body: {} }),
      stream: (input, { signal }) => ({
        contentType: "text/event-stream",
        chunks: (async function* () {
          yield { part: "first" };
          const left = new Promise((resolve) => signal.addEventListener("abort", resolve));
          await Promise.race([gate(String(input["gate"])).opened, left]);
          if (!signal.aborted) yield { part: "last" };
        })(),
      }),
    },
  };
}

interface PromiseWithOpen {
  readonly opened: Promise<void>;
  open(): void;
}

function promiseWithOpen(): PromiseWithOpen {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open: () => open() };
}
