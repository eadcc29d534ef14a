/**
 * Which `Host` a request may carry. A page of any site can point its own name at 127.0.0.1 (DNS
 * rebinding) and would then be same-origin with the gateway and spend its key; it cannot make the
 * browser send another name than its own. So a name must be known, while an address proves itself.
 */
import { isIP } from "node:net";

/**
 * @param host the `Host` header
 * @param names further host names that the operator serves, lower case, without port
 */
export function isTrustedHost(host: string | undefined, names: readonly string[]): boolean {
  if (host === undefined) return false;
  const name = host.replace(/:\d+$/, "").toLowerCase();
  if (name.startsWith("[") && name.endsWith("]")) return isIP(name.slice(1, -1)) === 6;
  return (
    isIP(name) === 4 || name === "localhost" || name.endsWith(".localhost") || names.includes(name)
  );
}
