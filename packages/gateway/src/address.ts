/** What the address that a server listens on means for those who want to reach it. */
import { isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";

/** Whether a server bound to `host` can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * An address under which a server bound to `host` is reached: the same one, except that "every
 * address" (`0.0.0.0`, `::`) becomes the first one of this machine on its network.
 */
export function reachableAddress(host: string): string {
  if (host !== "0.0.0.0" && host !== "::") return host;
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const outside = addresses.find(({ family, internal }) => family === "IPv4" && !internal);
  return outside?.address ?? "127.0.0.1";
}

/** An address as it stands in a URL. */
export function urlHost(address: string): string {
  return isIPv6(address) ? `[${address}]` : address;
}
