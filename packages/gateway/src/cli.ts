#!/usr/bin/env node
/** The command `fal-gateway`: reads flags and environment, starts the gateway, says what it does. */
import { parseArgs } from "node:util";
import { resolveApiKeyFromEnv } from "@fal-ai/server-proxy";
import { parsePort, readEnvironment } from "./environment.ts";
import { createGateway, PROXY_PATH, type Gateway, type GatewayOptions } from "./gateway.ts";
import { isLoopback } from "./address.ts";
import { withToken } from "./token.ts";

const USAGE = `fal-gateway: a fal proxy with a playground

  --port NUMBER       port to listen on (PORT; default 3250; 0 takes a free one)
  --host ADDRESS      address to listen on (HOST; default 127.0.0.1, this machine only)
  --token TEXT        what callers have to show (FAL_GATEWAY_TOKEN; default a new one, when a key pays)
  --no-token          ask nobody: whoever reaches the port spends the key
  --allow-host NAME   a host name it is served under; may be repeated
  --help

  FAL_KEY             your fal key. Without it a local emulator answers and nothing is billed.
  FAL_PROXY_UPSTREAM  a stand-in for fal on this machine
`;

const UPSTREAMS: Readonly<Record<Gateway["upstream"], string>> = {
  fal: "fal.ai, paid by your FAL_KEY",
  "stand-in": "FAL_PROXY_UPSTREAM",
  emulator: "a local emulator: no FAL_KEY is set, nothing is billed",
};

try {
  const options = await readOptions();
  if (options) await run(options);
} catch (error) {
  console.error(explain(error as NodeJS.ErrnoException));
  process.exitCode = 1;
}

async function readOptions(): Promise<GatewayOptions | undefined> {
  const { values } = parseArgs({
    options: {
      port: { type: "string" },
      host: { type: "string" },
      token: { type: "string" },
      "no-token": { type: "boolean" },
      "allow-host": { type: "string", multiple: true },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return undefined;
  }
  const names = values["allow-host"] ?? [];
  return {
    ...readEnvironment(process.env),
    // The library's rule, so that a key which works in an app works here.
    key: await resolveApiKeyFromEnv(),
    ...(values.port === undefined ? {} : { port: parsePort(values.port, "--port") }),
    ...(values.host === undefined ? {} : { host: values.host }),
    ...(values.token === undefined ? {} : { token: values.token }),
    ...(values["no-token"] ? { token: false } : {}),
    allowedHosts: names.map((name) => name.toLowerCase()),
  };
}

async function run(options: GatewayOptions): Promise<void> {
  const gateway = await createGateway(options);
  // Before anything is printed: whoever waits for the address may stop us at once.
  stopOnSignal(gateway);
  console.log(`
  Playground  ${withToken(gateway.url, gateway.token)}
  Proxy       ${gateway.url}${PROXY_PATH}
  Upstream    ${UPSTREAMS[gateway.upstream]}
${gateway.token === undefined ? "" : `  Programs    send the token as "authorization: Bearer ${gateway.token}"\n`}
  Ctrl+C stops it.`);
  if (options.host !== undefined && !isLoopback(options.host) && gateway.token === undefined) {
    console.warn(`
  WARNING: it listens on ${options.host} and asks nobody who they are. Everyone who reaches
  this port can generate with your key. Use --host 127.0.0.1 or --token, or put a sign-in in front.`);
  }
}

/** The first signal lets running requests end; a second one does not wait. */
function stopOnSignal(gateway: Gateway): void {
  let stopping = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      stopping = true;
      gateway.close().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
  }
}

/** Trouble in words, without a stack: everything that ends up here is the operator's to change. */
function explain(error: NodeJS.ErrnoException & { port?: number; address?: string }): string {
  const { code, port = 0, address } = error;
  if (code === "EADDRINUSE") {
    const next = port + 1;
    return `Port ${port} is taken by another program. Choose another one: PORT=${next} npm start (or fal-gateway --port ${next}).`;
  }
  if (code === "EACCES")
    return `Port ${port} needs more rights. Choose one above 1023: PORT=3250 npm start.`;
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") {
    return `This machine has no address ${address ?? "of that name"}. Use --host 127.0.0.1.`;
  }
  if (code?.startsWith("ERR_PARSE_ARGS")) return `${error.message}\n\n${USAGE}`;
  return error.message;
}
