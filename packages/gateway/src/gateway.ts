/** The server: the proxy at /api/fal/proxy, the playground at /, and a health check. */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ProxyConfig } from "@fal-ai/server-proxy";
import { createRequestListener } from "@fal-ai/server-proxy/node";
import type { Emulator } from "fal-emulator";
import { reachableAddress, urlHost } from "./address.ts";
import { pageHeaders } from "./page-policy.ts";
import { loadPage, sendFile, type PageFile } from "./static.ts";
import { isTrustedHost } from "./trusted-host.ts";
import { createGate, makeToken, type Gate } from "./token.ts";
import { openUpstream, type Upstream } from "./upstream.ts";

/** The path of the proxy; the fal client is told `proxyUrl: "/api/fal/proxy"`. */
export const PROXY_PATH = "/api/fal/proxy";

export interface GatewayOptions {
  /** TCP port; 0 takes a free one. @default 3250 */
  port?: number | undefined;
  /** Address to listen on. Beyond loopback, whoever reaches it spends the key. @default "127.0.0.1" */
  host?: string | undefined;
  /** fal's key, `<id>:<secret>`. @default none, which starts an emulator in this process */
  key?: string | undefined;
  /** A stand-in for fal on loopback, such as a `fal-emulator` that runs by itself. @default fal */
  upstream?: string | undefined;
  /** Host names under which the gateway is served, besides addresses and localhost. @default [] */
  allowedHosts?: readonly string[] | undefined;
  /**
   * What callers have to show, besides what `proxy.isAuthenticated` wants: a cookie that the address with `?token=` sets, or
   * `Authorization: Bearer <token>`. Cookies hold letters, digits, `-` and `_`. False asks nobody.
   * @default made anew where calls cost money and `proxy` has no `isAuthenticated`; otherwise false
   */
  token?: string | false | undefined;
  /**
   * How long an idle connection stays open, in ms: longer than that of the balancer in front (Google
   * Cloud's: 600 s), which else meets a closed one and answers 502.
   * @default 620_000
   */
  keepAliveTimeout?: number | undefined;
  /** How long a whole request, upload included, may take to arrive, in ms. @default 3_600_000 */
  requestTimeout?: number | undefined;
  /** Further options of the proxy, such as `allowedEndpoints` or `onEvent`. */
  proxy?: Omit<ProxyConfig, "resolveFalAuth" | "upstream" | "callerKeys"> | undefined;
}

export interface Gateway {
  /** Where it listens, such as `http://127.0.0.1:3250`. */
  readonly url: string;
  /** What callers have to show; undefined where nobody is asked. */
  readonly token: string | undefined;
  /** `fal`, the `emulator` that was started here, or a `stand-in`. */
  readonly upstream: Upstream["kind"];
  /** The emulator, when there is no key. */
  readonly emulator: Emulator | undefined;
  /**
   * Stops taking connections, waits for running requests, then closes the rest.
   * @param graceMs how long to wait, in ms. @default 5000
   */
  close(graceMs?: number): Promise<void>;
}

/**
 * Starts a gateway.
 *
 * @returns once it listens
 * @throws Error with `code: "EADDRINUSE"` when the port is taken; nothing is left running then
 * @example
 * ```ts
 * const gateway = await createGateway({ key: process.env.FAL_KEY, port: 0 });
 * console.log(`${gateway.url}/`);
 * ```
 */
export async function createGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const { port = 3250, host = "127.0.0.1" } = options;
  const page = await loadPage(join(fileURLToPath(import.meta.url), "../playground"));
  const upstream = await openUpstream(options.key, options.upstream, host);
  const { emulator } = upstream;
  try {
    const token = tokenOf(options, upstream);
    const gate = token === undefined ? undefined : createGate(token, () => taken);
    const { keepAliveTimeout = 620_000, requestTimeout = HOUR } = options;
    const server = createServer(
      {
        keepAliveTimeout,
        requestTimeout,
        // Node looks every 30 s, which is late for a shorter limit.
        connectionsCheckingInterval: Math.min(requestTimeout || Infinity, 30_000),
      },
      routes(options, upstream, page, gate),
    );
    await listen(server, port, host);
    const { port: taken } = server.address() as AddressInfo;
    return {
      token,
      url: `http://${urlHost(reachableAddress(host))}:${taken}`,
      upstream: upstream.kind,
      emulator,
      close: async (graceMs = 5000) => {
        await drain(server, graceMs);
        await emulator?.close();
      },
    };
  } catch (error) {
    await emulator?.close();
    throw error;
  }
}

const HOUR = 3_600_000;

/** @throws TypeError for a token that no cookie holds */
function tokenOf({ token, proxy }: GatewayOptions, { kind }: Upstream): string | undefined {
  if (token === false) return undefined;
  if (token === undefined) {
    return kind === "fal" && proxy?.isAuthenticated === undefined ? makeToken() : undefined;
  }
  if (/^[\w-]{8,}$/.test(token)) return token;
  throw new TypeError(
    "The token must be 8 or more letters, digits, - and _: it travels in an address and a cookie.",
  );
}

function routes(
  { allowedHosts = [], proxy: options }: GatewayOptions,
  upstream: Upstream,
  page: ReadonlyMap<string, PageFile>,
  gate: Gate | undefined,
): RequestListener {
  const isSignedIn = options?.isAuthenticated ?? (() => true);
  const proxy = createRequestListener({
    allowedEndpoints: ["**"],
    // A browser must not choose where results are sent.
    webhooks: "deny",
    ...options,
    // Without a gate whoever reaches the gateway is its operator: nothing is paid, or it was wanted so.
    isAuthenticated: (call) => (gate?.opensFor(call.getHeaders()) ?? true) && isSignedIn(call),
    callerKeys: "refuse",
    resolveFalAuth: () => upstream.key,
    upstream: proxyUpstream(upstream),
  });
  const headers = pageHeaders(upstream.url === undefined ? [] : [new URL(upstream.url).origin]);
  const facts = describe(upstream);

  return (req, res) => {
    const path = (req.url ?? "/").split("?", 1)[0] as string;
    if (!isTrustedHost(req.headers.host, allowedHosts)) refuseHost(res);
    else if (path === PROXY_PATH || path.startsWith(`${PROXY_PATH}/`)) proxy(req, res);
    else if (gate?.admit(req, res)) return;
    else if (path === "/healthz") sendJson(req, res, { status: "ok" });
    else if (path === "/playground.json") sendJson(req, res, facts);
    else {
      const file = page.get(path);
      if (file) sendFile(req, res, file, headers);
      else sendText(res, 404, "There is nothing here. The playground is at /.\n");
    }
  };
}

/** Our own emulator may listen on the network, like the gateway; a stand-in has to be on loopback. */
function proxyUpstream({ url, emulator }: Upstream): ProxyConfig["upstream"] {
  return url !== undefined && emulator ? { url, remote: true } : url;
}

/** What the page is told about the gateway. Never the key. */
function describe(upstream: Upstream): Record<string, unknown> {
  // An emulator serves what is in its table and nothing else.
  const models = upstream.emulator?.models.map(({ id, title = id }) => ({ id, title }));
  return { proxyUrl: PROXY_PATH, upstream: upstream.kind, ...(models ? { models } : {}) };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function drain(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    // A connection that answers its last request after close() would be kept open for the next one.
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    const end = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(end);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function refuseHost(res: ServerResponse): void {
  sendText(res, 403, "This host name is not served here. Name it with --allow-host to serve it.\n");
}

function sendJson(req: IncomingMessage, res: ServerResponse, value: unknown): void {
  res.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" });
  res.end(req.method === "HEAD" ? undefined : JSON.stringify(value));
}

function sendText(res: ServerResponse, status: number, text: string): void {
  res.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "cache-control": "no-store",
  });
  res.end(text);
}
