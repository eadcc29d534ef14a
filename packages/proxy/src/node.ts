/** The front of Node-style servers: a request and a response object, no web streams in between. */
import { keepsCoding } from "#upstream";
import { drain, type Background } from "./background.ts";
import { resolveConfig, type ResolvedConfig } from "./config.ts";
import { onClose } from "./connection.ts";
import { decide } from "./decide.ts";
import { endCall } from "./end.ts";
import type { Env } from "./environment.ts";
import { fault } from "./fault.ts";
import type { Incoming, WaitUntil } from "./incoming.ts";
import { bodyOf, type NodeRequest } from "./node-body.ts";
import { NodeOutlet, type NodeResponse } from "./node-outlet.ts";
import { OpenCall } from "./open-call.ts";
import type { ProxyConfig } from "./options.ts";
import { isRefusal } from "./refusal.ts";
import { Relay } from "./relay.ts";

export type { NodeRequest, NodeResponse };

/** What a framework knows besides Node's two objects. All optional. */
export interface NodeContext {
  /** The framework's own context, for hooks. @default the request */
  native?: unknown;
  /** What the framework's body parser made of the body. @default `request.body` */
  body?: unknown;
  /** Headers that were set on the framework's own reply object, and not yet on Node's. */
  headers?: Readonly<Record<string, number | string | readonly string[] | undefined>>;
  /** The address of the peer. @default that of the socket */
  ip?: string | undefined;
  env?: Env;
  waitUntil?: WaitUntil | undefined;
  /** Where the adapter itself is told a key. */
  adapterKey?: (() => Promise<string | undefined>) | undefined;
}

/** How a host treats a request. */
export interface NodeHost {
  /** True where a large request body may end early without an error. @default false */
  cutsBodies?: boolean;
}

/**
 * Answers one request on its response object. Settles when the answer is over; rejects only when there is no such
 * object to answer on.
 */
export interface NodeFront {
  (request: NodeRequest, response: NodeResponse, context?: NodeContext): Promise<void>;
  /** Resolves once no work goes on after an answer; never rejects. */
  drain(): Promise<void>;
}

/**
 * Makes the front of one adapter.
 *
 * @throws TypeError when an option is wrong
 */
export function createNodeFront(
  adapter: string,
  options: ProxyConfig = {},
  { cutsBodies = false }: NodeHost = {},
): NodeFront {
  const config = resolveConfig(options);
  const background: Background = new Set();
  const fixed: Fixed = { config, adapter, background, cutsBodies };
  const front = async (
    request: NodeRequest,
    response: NodeResponse,
    context: NodeContext = {},
  ): Promise<void> => {
    if (typeof (response as Partial<NodeResponse> | undefined)?.writeHead !== "function") {
      const given = (request as unknown) instanceof Request ? "a Request" : "none";
      throw new TypeError(
        `fal proxy: its ${adapter} handler takes Node's request and response, and was given ${given}: use the adapter of your framework, or createFetchHandler of @fal-ai/server-proxy/fetch.`,
      );
    }
    const call = new OpenCall(fromNode(request, context, fixed));
    const outlet = new NodeOutlet(call, response, context.headers);
    let relay: Relay | undefined;
    let left = response.destroyed === true;
    const leave = (): void => {
      left = true;
      relay?.leave();
    };
    let forget: (() => void) | undefined;
    try {
      // Before anything is decided, since it is said once.
      response.on("close", leave);
      // Behind another answer of its connection (pipelining) a response hears nothing.
      if (response.socket === null && request.socket) forget = onClose(request.socket, leave);
      if (outlet.begun) throw new Error("The answer was begun by something before the proxy.");
      const decision = await decide(call);
      if (isRefusal(decision)) return outlet.refuse(decision);
      if (decision.kind === "preflight") return outlet.empty(204);
      if (decision.kind === "replay") return outlet.json(200, {}, decision.body);
      if (decision.kind === "gone") return outlet.cut();
      relay = new Relay(call, decision, outlet);
      response.on("drain", () => relay?.drained());
      if (left) relay.leave();
      await relay.run();
    } catch (error) {
      outlet.give(fault(call, error));
      endCall(call, "fault", false);
    } finally {
      forget?.();
    }
  };
  return Object.assign(front, { drain: () => drain(background) });
}

/** What is the same for every request of a front. */
interface Fixed {
  readonly config: ResolvedConfig;
  readonly adapter: string;
  readonly background: Background;
  readonly cutsBodies: boolean;
}

function fromNode(request: NodeRequest, context: NodeContext, fixed: Fixed): Incoming {
  const { config, adapter, background, cutsBodies } = fixed;
  const { native = request, env, waitUntil, adapterKey } = context;
  return {
    config,
    id: adapter,
    method: request.method ?? "GET",
    header: (name) => joined(request.headers[name]),
    headers: () => headerList(request),
    body: bodyOf(request, context, config.maxBodyBytes, cutsBodies, adapter),
    ip: context.ip ?? request.socket?.remoteAddress,
    native,
    env,
    keepsCoding: keepsCoding(config.fetch),
    waitUntil,
    background,
    adapterKey,
  };
}

// An array and not a generator: a generator made anew for each request, with a hidden class of its
// own, cost as much as the whole exchange with fal.
function headerList(request: NodeRequest): Array<[string, string]> {
  const list: Array<[string, string]> = [];
  for (const name in request.headers) {
    // A body parser has undone the coding of the body that it read.
    if (name === "content-encoding" && request.readableDidRead && !request.rawBody) continue;
    list.push([name, joined(request.headers[name]) as string]);
  }
  return list;
}

const joined = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(", ") : value;
