/** The published package's integration point for frameworks of one's own. */

/** One header, as the published package types it. */
export type HeaderValue = string | string[] | undefined | null;

/**
 * What a framework tells of a request, and how it is answered, for `handleRequest`. Hooks receive
 * an object of this shape too; its three writing members throw there, since only the proxy answers.
 */
export interface ProxyBehavior<ResponseType> {
  /** The adapter's id; fal is told it in `x-fal-client-proxy`. */
  id: string;
  method: string;
  /** Answers with a JSON body of the proxy's own, such as a refusal. */
  respondWith(status: number, data: string | any): ResponseType;
  /** Hands over fal's reply; its headers have been passed to `sendHeader` as well. */
  sendResponse(response: Response): Promise<ResponseType>;
  getHeaders(): Record<string, HeaderValue>;
  getHeader(name: string): HeaderValue;
  sendHeader(name: string, value: string): void;
  getRequestBody(): Promise<string | undefined>;
  /** @deprecated Use `resolveFalAuth` in `ProxyConfig` instead. */
  resolveApiKey?: () => Promise<string | undefined>;
}
