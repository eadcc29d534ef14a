/** Fastify 4 and 5. */
import { createNodeFront, type NodeRequest, type NodeResponse } from "../node.ts";
import type { ProxyConfig } from "../options.ts";

/** What the adapter uses of a `FastifyRequest`. */
export interface FastifyRequest {
  readonly raw: NodeRequest;
  /** What a content type parser made of the body. */
  readonly body?: unknown;
}

/** What the adapter uses of a `FastifyReply`. */
export interface FastifyReply {
  readonly raw: NodeResponse;
  getHeaders(): Record<string, number | string | string[] | undefined>;
  hijack(): unknown;
}

/** The structural form of a Fastify route handler. */
export interface FastifyHandler {
  /** Settles when the answer is over; never rejects. */
  (request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /** Resolves once no work goes on after an answer: await it in an `onClose` hook. */
  drain(): Promise<void>;
}

/** What the plugin uses of a `FastifyInstance`. */
interface FastifyScope {
  removeAllContentTypeParsers(): void;
  addContentTypeParser(
    type: string,
    parser: (request: unknown, payload: unknown, done: (error: null) => void) => void,
  ): unknown;
  addHook(name: "onClose", hook: () => Promise<void>): unknown;
  all(path: string, handler: FastifyHandler): unknown;
}

/** The structural form of a Fastify plugin. */
export type FastifyPlugin = (scope: FastifyScope) => Promise<void>;

/**
 * Makes a plugin that serves its prefix and everything below, in a scope of its own without body
 * parsers, so that every byte arrives unchanged; closing the app waits for work that goes on.
 *
 * @throws TypeError when an option is wrong
 * @example
 * ```ts
 * app.register(createPlugin({ isAuthenticated }), { prefix: "/api/fal/proxy" });
 * ```
 */
export function createPlugin(config: ProxyConfig = {}): FastifyPlugin {
  const handler = createHandler(config);
  return async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _payload, done) => done(null));
    scope.addHook("onClose", () => handler.drain());
    scope.all("/", handler);
    scope.all("/*", handler);
  };
}

/**
 * Makes the handler of a route. Fastify's parsers stand in front of a route: a JSON body of up to
 * `bodyLimit` is written anew, any other type is refused by Fastify. {@link createPlugin} takes all.
 *
 * @throws TypeError when an option is wrong
 * @example
 * ```ts
 * app.all("/api/fal/proxy", createHandler());
 * ```
 */
export function createHandler(config: ProxyConfig = {}): FastifyHandler {
  const front = createNodeFront("fastify", config);
  const handle = (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    // From here on the answer is ours: Fastify would wait for a payload.
    reply.hijack();
    const { raw, body } = request;
    return front(raw, reply.raw, { native: request, body, headers: reply.getHeaders() });
  };
  return Object.assign(handle, { drain: front.drain });
}
