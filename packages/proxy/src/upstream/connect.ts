/** Connecting: every address of a name gets its chance, and one limit holds for all of it. */
import { lookup, type LookupAddress } from "node:dns";
import { connect, type Socket } from "node:net";
import { buildConnector, errors } from "undici";

/** How long an address is alone before the next one is tried too, in ms: RFC 8305 §5. */
const HEAD_START = 250;

/**
 * Makes undici's `connect`. Node's own tries one address after the other and gives each 250 ms, so that
 * a name whose addresses are all slow is never reached, whatever the limit.
 *
 * @param limit for the name, the connection and TLS together, in ms
 */
export function connectWithin(limit: number): buildConnector.connector {
  const secure = buildConnector({ timeout: limit });
  return (options, callback) => {
    const { hostname, port, protocol } = options;
    let attempt: { stop(): void } | undefined;
    let over = false;
    const done: buildConnector.Callback = (...result) => {
      if (over) return void result[1]?.destroy();
      over = true;
      clearTimeout(timer);
      callback(...result);
    };
    const timer = setTimeout(() => {
      attempt?.stop();
      done(new errors.ConnectTimeoutError(`No connection to ${hostname} within ${limit} ms`), null);
    }, limit);
    const isSecure = protocol === "https:";
    lookup(hostname, { all: true }, (error, addresses) => {
      if (over) return;
      if (error) return done(error, null);
      const race = new Race(alternating(addresses), Number(port) || (isSecure ? 443 : 80));
      attempt = race;
      race.run((...result) => {
        if (result[0] !== null || !isSecure) return done(...result);
        attempt = { stop: () => result[1].destroy() };
        secure({ ...options, httpSocket: result[1] }, done);
      });
    });
  };
}

/** Families in turn, the resolver's choice first: where one family leads nowhere, the other is next. */
function alternating(addresses: readonly LookupAddress[]): string[] {
  const [first] = addresses;
  const isFirst = ({ family }: LookupAddress): boolean => family === first?.family;
  const one = addresses.filter(isFirst);
  const other = addresses.filter((address) => !isFirst(address));
  return addresses
    .flatMap((_, index) => [one[index], other[index]])
    .flatMap((address) => (address ? [address.address] : []));
}

/** One connection, to whichever address answers first. */
class Race {
  readonly #addresses: string[];
  readonly #port: number;
  readonly #open = new Set<Socket>();
  #next: ReturnType<typeof setTimeout> | undefined;
  #error: Error = new Error("The name has no address.");

  constructor(addresses: string[], port: number) {
    this.#addresses = addresses;
    this.#port = port;
  }

  run(callback: buildConnector.Callback): void {
    clearTimeout(this.#next);
    const host = this.#addresses.shift();
    if (host === undefined) {
      if (this.#open.size === 0) callback(this.#error, null);
      return;
    }
    const socket = connect({ host, port: this.#port });
    this.#open.add(socket);
    const failed = (error: Error): void => {
      this.#error = error;
      this.#open.delete(socket);
      this.run(callback);
    };
    socket.once("error", failed);
    socket.once("connect", () => {
      socket.off("error", failed);
      this.#open.delete(socket);
      this.stop();
      callback(null, socket.setNoDelay(true).setKeepAlive(true, 60_000));
    });
    if (this.#addresses.length > 0) {
      this.#next = setTimeout(() => this.run(callback), HEAD_START);
    }
  }

  stop(): void {
    clearTimeout(this.#next);
    this.#addresses.length = 0;
    for (const socket of this.#open) socket.on("error", () => {}).destroy();
    this.#open.clear();
  }
}
