/** When the connection of a request closes: Node tells only the response that is being written. */

/** What is used of a socket of Node's. */
export interface Connection {
  readonly destroyed?: boolean;
  once?(event: "close", listener: () => void): unknown;
}

const waiting = new WeakMap<Connection, Set<() => void>>();

/**
 * Calls back when a connection closes, at once when it has. A caller may have any number of requests
 * under way on one, so all of them share one listener.
 *
 * @returns forgets the callback
 */
export function onClose(connection: Connection, callback: () => void): () => void {
  if (connection.destroyed) callback();
  let callbacks = waiting.get(connection);
  if (callbacks === undefined) {
    const all = new Set<() => void>();
    connection.once?.("close", () => {
      for (const call of all) call();
    });
    waiting.set(connection, (callbacks = all));
  }
  callbacks.add(callback);
  return () => void callbacks.delete(callback);
}
