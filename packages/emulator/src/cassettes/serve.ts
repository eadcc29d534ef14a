/** The server in front of cassettes: it listens on this machine alone. */
import { createScript } from "../script.ts";
import { listen, type Handle } from "../server.ts";

/** A running recorder or player. */
export interface CassetteServer {
  /** What fal serves at `https://HOST/PATH` is at `${url}/HOST/PATH`. */
  readonly url: string;
  /** Ends every connection; resolves once everything is on disk. */
  close(): Promise<void>;
}

/**
 * @param port 0 for any free one
 * @param afterwards called once the last connection is closed
 * @throws Error when the port is taken
 */
export async function serve(
  port: number,
  handle: Handle,
  afterwards: () => Promise<void> | void,
): Promise<CassetteServer> {
  const listening = await listen({
    host: "127.0.0.1",
    port,
    recorder: undefined,
    script: createScript(),
    handle,
  });
  return {
    url: `http://127.0.0.1:${listening.port}`,
    async close() {
      await listening.close();
      await afterwards();
    },
  };
}
