/** The library's two fronts under one shape, over real sockets where a front has one. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Agent, fetch as undiciFetch } from "undici";
import { createFetchHandler } from "../../src/adapters/fetch.ts";
import { createRequestListener } from "../../src/adapters/node.ts";
import type { ProxyConfig } from "../../src/index.ts";

export interface Front {
  /** Asks for `https://<path>`. */
  ask(path: string, init?: RequestInit): Promise<Response>;
  drain(): Promise<void>;
  close(): void;
}

export const RUN = "fal.run/fal-ai/any/model";
export const SUBMIT = "queue.fal.run/fal-ai/any/model";
export const STATUS = "queue.fal.run/fal-ai/any/requests/r-1/status";

const headersFor = (path: string, init?: RequestInit): HeadersInit => ({
  "x-fal-target-url": `https://${path}`,
  ...(init?.headers as Record<string, string> | undefined),
});

const direct = new Agent();

/** Whatever a test has made of the process's way to the network is the proxy's, not the caller's. */
const askDirectly = (url: string, init: RequestInit): Promise<unknown> =>
  undiciFetch(url, { ...init, dispatcher: direct } as never);

async function nodeFront(config: ProxyConfig): Promise<Front> {
  const listener = createRequestListener(config);
  const server: Server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/fal/proxy`;
  return {
    ask: (path, init) =>
      askDirectly(url, { ...init, headers: headersFor(path, init) }) as Promise<Response>,
    drain: listener.drain,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function webFront(config: ProxyConfig): Promise<Front> {
  const handle = createFetchHandler(config);
  return {
    ask: (path, init) =>
      handle(
        new Request("http://app.example/api/fal/proxy", {
          ...init,
          headers: headersFor(path, init),
          ...(init?.body ? { duplex: "half" } : {}),
        } as RequestInit),
      ),
    drain: handle.drain,
    close: () => {},
  };
}

export const fronts: ReadonlyArray<readonly [string, (config: ProxyConfig) => Promise<Front>]> = [
  ["node", nodeFront],
  ["web", webFront],
];

/** Waits, 5 s at most, until something holds. */
export async function until(holds: () => boolean, what = "it", seconds = 5): Promise<void> {
  for (let tries = 0; tries < seconds * 100; tries += 1) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${what} has not happened within ${seconds} s`);
}
