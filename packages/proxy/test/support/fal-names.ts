/** Makes fal's names lead to servers of this machine, so that code is tested which knows no other ones. */
import dns from "node:dns";
import { syncBuiltinESMExports } from "node:module";
import net, { type TcpNetConnectOpts } from "node:net";
import tls, { type ConnectionOptions } from "node:tls";

/** What is behind one address of a name. */
export interface Place {
  /** Where connections really go; undefined for an address that swallows them. */
  readonly port?: number;
  /** How long the address takes to answer, in ms. @default 0 */
  readonly afterMs?: number;
}

const isFalName = (name: string): boolean => /(^|\.)fal(\.run|\.ai|\.media|run\.com)$/.test(name);

/**
 * @param names the addresses of each name, in the resolver's order; a name that is missing is unknown
 * @param ca the certificate that is trusted, PEM
 * @returns gives the process back as it was
 */
export function leadNames(
  names: Readonly<Record<string, readonly Place[]>>,
  ca: string,
): () => void {
  const { lookup } = dns;
  const { connect } = net;
  const { connect: secure } = tls;
  const places = new Map<string, Place>();
  const addresses = Object.fromEntries(
    Object.entries(names).map(([name, list]) => [
      name,
      list.map((place) => {
        const address = `192.0.2.${places.size + 1}`;
        places.set(address, place);
        return { address, family: 4 };
      }),
    ]),
  );
  const patch = {
    lookup: (name: string, options: unknown, callback: (...result: unknown[]) => void) => {
      if (!isFalName(name)) {
        return lookup(name, options as never, callback as never);
      }
      const found = addresses[name];
      const unknown = Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), {
        code: "ENOTFOUND",
      });
      queueMicrotask(() => (found ? callback(null, found) : callback(unknown)));
    },
    connect: (options: TcpNetConnectOpts, ...rest: unknown[]) => {
      const place = places.get(options.host ?? "");
      if (place === undefined) return connect(options, ...(rest as []));
      const socket = new net.Socket();
      const { port, afterMs = 0 } = place;
      if (port !== undefined) {
        setTimeout(() => {
          if (!socket.destroyed) socket.connect({ host: "127.0.0.1", port });
        }, afterMs);
      }
      return socket;
    },
    secure: (options: ConnectionOptions) => {
      const [place] = options.socket ? [] : (names[options.host ?? ""] ?? []);
      // Clients that hand the name to TLS itself: there the first address counts.
      const there = place?.port === undefined ? {} : { port: place.port, host: "127.0.0.1" };
      return secure({ servername: options.host, ...options, ...there, ca } as ConnectionOptions);
    },
  };
  Object.assign(dns, { lookup: patch.lookup });
  Object.assign(net, { connect: patch.connect });
  Object.assign(tls, { connect: patch.secure });
  syncBuiltinESMExports();
  return () => {
    Object.assign(dns, { lookup });
    Object.assign(net, { connect });
    Object.assign(tls, { connect: secure });
    syncBuiltinESMExports();
  };
}
