/** Through what requests leave this process: what the app has set, a company's proxy, or our own pool. */
import { Agent, EnvHttpProxyAgent, type Dispatcher } from "undici";
import { readEnv } from "../environment.ts";
import { connectWithin } from "./connect.ts";

// Where every copy of undici, Node's own among them, keeps what `setGlobalDispatcher` was given.
const GLOBAL: unique symbol = Symbol.for("undici.globalDispatcher.1") as never;

const current = (): Dispatcher | undefined => (globalThis as { [GLOBAL]?: Dispatcher })[GLOBAL];

// undici puts a plain Agent there when it is loaded, Node when `fetch` is first used.
const found = current();

/** The app's own: a ProxyAgent, a MockAgent, an Agent that knows its certificates. */
function appDispatcher(): Dispatcher | undefined {
  const dispatcher = current();
  const isDefault =
    dispatcher === found &&
    (dispatcher instanceof Agent || dispatcher?.constructor.name === "Agent");
  return isDefault ? undefined : dispatcher;
}

// undici sets the connect timeout per agent, not per request. A local stand-in has pools of its own,
// which no proxy concerns.
const pools = new Map<number, Dispatcher>();
const directPools = new Map<number, Dispatcher>();

/**
 * What sends a request.
 *
 * @param origin where to; a local stand-in is always reached directly
 * @param connectTimeout in ms; an app's own dispatcher has limits of its own
 * @throws Error when HTTPS_PROXY or HTTP_PROXY is no URL
 */
export function dispatcherFor(origin: string, connectTimeout: number): Dispatcher {
  const given = appDispatcher();
  if (given) return given;
  const isSecure = origin.startsWith("https:");
  const known = isSecure ? pools : directPools;
  let pool = known.get(connectTimeout);
  if (pool === undefined) known.set(connectTimeout, (pool = open(isSecure, connectTimeout)));
  return pool;
}

function open(isSecure: boolean, timeout: number): Dispatcher {
  const connect = connectWithin(timeout);
  return isSecure && namesProxy()
    ? new EnvHttpProxyAgent({ connect, proxyTls: { timeout }, requestTls: { timeout } })
    : new Agent({ connect });
}

/** Whether the environment names a proxy for TLS; `NO_PROXY` is EnvHttpProxyAgent's. */
const namesProxy = (): boolean =>
  ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"].some((name) => readEnv(name));
