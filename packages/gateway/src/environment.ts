/** What the environment says about where to listen and where fal is. Read once, when the command starts. */

/** Settings that an operator gives as environment variables; every one may be missing. */
export interface EnvironmentSettings {
  /** `PORT`. */
  port?: number;
  /** `HOST`. */
  host?: string;
  /** `FAL_PROXY_UPSTREAM`: a stand-in for fal on this machine. */
  upstream?: string;
  /** `FAL_GATEWAY_TOKEN`. */
  token?: string;
}

/**
 * @throws Error naming the variable whose value cannot be used
 */
export function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): EnvironmentSettings {
  const settings: EnvironmentSettings = {};
  // An empty variable, as `PORT= npm start` gives, means "not set".
  const read = (name: string): string | undefined => env[name]?.trim() || undefined;

  const port = read("PORT");
  if (port !== undefined) settings.port = parsePort(port, "PORT");
  const host = read("HOST");
  if (host !== undefined) settings.host = host;
  const upstream = read("FAL_PROXY_UPSTREAM");
  if (upstream !== undefined) settings.upstream = upstream;
  const token = read("FAL_GATEWAY_TOKEN");
  if (token !== undefined) settings.token = token;
  return settings;
}

/**
 * @param from what to name in the message: `PORT` or `--port`
 * @throws Error when the text is not a TCP port
 */
export function parsePort(text: string, from: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new Error(`${from} must be a port number from 0 to 65535, not "${text}".`);
}
