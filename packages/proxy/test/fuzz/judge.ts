/** Sends generated requests through both fronts and compares what was judged with what fal received. */
import { Agent, createServer, request, type IncomingHttpHeaders } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createFetchHandler } from "../../src/adapters/fetch.ts";
import { createRequestListener } from "../../src/adapters/node.ts";
import type { Guard, ProxyConfig, ProxyEvent } from "../../src/index.ts";
import { generate, random, type Generated } from "./generate.ts";

export interface Verdict {
  readonly count: number;
  /** How many of them reached fal, by front. */
  readonly reached: { node: number; web: number };
  /** What went wrong, with the number of the request. */
  readonly wrong: string[];
}

/** What a call looked like to the rules. */
interface Judged {
  readonly url: string;
  readonly endpoint: string | undefined;
  readonly app: string | undefined;
  inputs?: unknown;
}

interface Received {
  readonly path: string;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const SECRET = "s3cret-of-the-operator-0123456789";
const LISTED = ["fal-ai/flux/**", "other-app/dev"];

/** Everything that fal may see of a request, and what its client adds. */
const MAY_REACH =
  /^(accept|accept-encoding|accept-language|content-type|content-encoding|content-length|transfer-encoding|user-agent|host|connection|authorization|x-fal-client-proxy|x-app-fal-disable-fallback|x-fal-(no-retry|queue-priority|request-timeout|runner-hint|store-io|tags))$/;

/**
 * @param seed of the first request; each has the next one
 * @param say told of progress
 */
export async function fuzz(
  count: number,
  seed: number,
  say: (line: string) => void = () => {},
): Promise<Verdict> {
  const wrong: string[] = [];
  const reached = { node: 0, web: 0 };
  const received = new Map<string, Received[]>();
  const judged = new Map<string, Judged>();
  const unhandled = (reason: unknown): void => void wrong.push(`unhandled: ${String(reason)}`);
  process.on("unhandledRejection", unhandled);

  const fal = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const { url = "", method = "", headers } = incoming;
      const id = /^Key call-(\w+):/.exec(headers.authorization ?? "")?.[1] ?? "?";
      const list = received.get(id) ?? [];
      received.set(id, [...list, { path: url, method, headers, body: Buffer.concat(chunks) }]);
      response
        .writeHead(200, { "content-type": "application/json", "content-length": "2" })
        .end("{}");
    });
  }).listen(0, "127.0.0.1");
  await once(fal, "listening");
  const { port: falPort } = fal.address() as AddressInfo;

  const idOf = (call: { getHeader(name: string): string | undefined }): string =>
    call.getHeader("x-fuzz") ?? "";
  const note: Guard = (call) => {
    const { url, endpoint, app } = call.target;
    judged.set(idOf(call), { url, endpoint, app });
  };
  const inspect: Guard = async (call) => {
    // Half of the calls are inspected, so that uninspected bodies pass as well.
    if (/[02468ace]$/.test(idOf(call)))
      (judged.get(idOf(call)) as Judged).inputs = await call.inputs();
  };
  const config: ProxyConfig = {
    allowedEndpoints: LISTED,
    isAuthenticated: () => true,
    resolveFalAuth: (call) => `call-${idOf(call)}:${SECRET}`,
    upstream: `http://127.0.0.1:${falPort}`,
    webhooks: { hosts: ["hooks.example"] },
    maxBodyBytes: 80_000,
    guards: [note, inspect],
    onEvent: (event: ProxyEvent) => {
      if (event.type === "fault") wrong.push(`fault: ${event.error} at ${event.endpoint}`);
    },
  };
  const listener = createRequestListener(config);
  const server = createServer({ maxHeaderSize: 65_536 }, listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const handle = createFetchHandler(config);

  const headersOf = (made: Generated, id: string): Array<readonly [string, string]> => [
    ...made.headers,
    ["x-fuzz", id],
    ...(made.target === undefined ? [] : [["x-fal-target-url", made.target] as const]),
  ];
  const overNode = (made: Generated, id: string): Promise<[number, string]> =>
    new Promise((resolve) => {
      try {
        const headers = [["host", "app.example"] as const, ...headersOf(made, id)].flat();
        if (made.body) headers.push("content-length", String(made.body.byteLength));
        const asked = request({
          port,
          method: made.method,
          agent,
          headers,
          path: "/api/fal/proxy",
        });
        asked.on("response", (response) => {
          let text = "";
          response.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
          response.on("close", () =>
            resolve([response.statusCode ?? 0, text + JSON.stringify(response.rawHeaders)]),
          );
        });
        asked.on("error", () => resolve([-1, ""]));
        asked.end(made.body);
      } catch {
        // Node's client does not write such a header.
        resolve([-2, ""]);
      }
    });
  const overWeb = async (made: Generated, id: string): Promise<[number, string]> => {
    let asked: Request;
    try {
      const headers = new Headers();
      for (const [name, value] of headersOf(made, id)) headers.append(name, value);
      const { method, body = null } = made;
      asked = new Request("http://app.example/api/fal/proxy", { method, headers, body });
    } catch {
      return [-2, ""];
    }
    const reply = await handle(asked);
    return [reply.status, (await reply.text()) + JSON.stringify([...reply.headers])];
  };

  const check = (made: Generated, id: string, [status, text]: [number, string]): boolean => {
    const seen = received.get(id) ?? [];
    const rules = judged.get(id);
    received.delete(id);
    judged.delete(id);
    const problem = (what: string): void =>
      void wrong.push(`${id}: ${what}: ${made.method} ${made.target?.slice(0, 200)}`);
    if (status === -2) return false;
    if (status === -1) problem("no answer");
    if (text.includes(SECRET)) problem("the key is in the answer");
    if (seen.length === 0) {
      if (status >= 200 && status < 400 && made.method !== "OPTIONS") problem(`${status} unsent`);
      return false;
    }
    const [one] = seen as [Received];
    if (seen.length > 1) problem("sent twice");
    if (!rules) problem("sent, and no rule has seen it");
    else compare(made, one, rules, problem);
    return true;
  };

  const started = Date.now();
  let done = 0;
  const worker = async (first: number, step: number): Promise<void> => {
    for (let index = first; index < count; index += step) {
      const made = generate(random(seed + index));
      const name = index.toString(16);
      if (check(made, `n${name}`, await overNode(made, `n${name}`))) reached.node += 1;
      if (check(made, `w${name}`, await overWeb(made, `w${name}`))) reached.web += 1;
      if (wrong.length > 20) return;
      done += 1;
      if (done % 50_000 === 0)
        say(`${done} of ${count}, ${((Date.now() - started) / 1000).toFixed(0)} s`);
    }
  };
  const workers = 16;
  await Promise.all(Array.from({ length: workers }, (_, first) => worker(first, workers)));
  await new Promise((resolve) => setTimeout(resolve, 50));
  process.off("unhandledRejection", unhandled);
  agent.destroy();
  server.close().closeAllConnections();
  fal.close().closeAllConnections();
  return { count, reached, wrong };
}

/** What was judged is what was sent, and nothing else of the caller's came along. */
function compare(
  made: Generated,
  { path, method, headers, body }: Received,
  rules: Judged,
  problem: (what: string) => void,
): void {
  const url = new URL(rules.url);
  if (path !== `/${url.host}${url.pathname}${url.search}`)
    problem(`judged ${rules.url}, sent ${path}`);
  // A second opinion on the target: one URL, as WHATWG reads it.
  const written = URL.canParse(made.target ?? "") ? new URL(made.target ?? "") : undefined;
  const plain = written && written.origin + written.pathname + written.search;
  if (plain !== rules.url) problem(`reads as ${plain}`);
  if (
    url.protocol !== "https:" ||
    !/^(fal\.run|queue\.fal\.run|rest(\.alpha)?\.fal\.ai)$/.test(url.host)
  )
    problem(`host ${url.host}`);
  if (method !== made.method) problem(`method ${method}`);
  if (!isListed(url)) problem("not listed");
  for (const hook of url.searchParams.getAll("fal_webhook")) {
    if (new URL(hook).host !== "hooks.example") problem(`webhook ${hook}`);
  }
  const stray = Object.keys(headers).filter((name) => !MAY_REACH.test(name));
  if (stray.length > 0) problem(`fal received ${stray.join(", ")}`);
  if (!headers.authorization?.endsWith(`:${SECRET}`)) problem("another credential");
  if (!body.equals(made.body ?? Buffer.alloc(0))) problem("another body");
  if (rules.inputs !== undefined) {
    const said = body.byteLength > 0 ? (JSON.parse(body.toString()) as object) : {};
    const query = [...url.searchParams].filter(([name]) => !name.startsWith("fal_"));
    const wanted = Object.fromEntries([...Object.entries(said), ...query]);
    const told = Object.fromEntries(Object.entries(rules.inputs as object));
    if (JSON.stringify(wanted) !== JSON.stringify(told)) problem(`inputs ${JSON.stringify(told)}`);
  }
}

/** The list of this run, read by another rule than the library's. */
function isListed({ host, pathname }: URL): boolean {
  if (host.startsWith("rest."))
    return /^\/storage\/upload\/initiate(-multipart)?\/?$/.test(pathname);
  const id = pathname.slice(1).replace(/\/$/, "");
  return id === "fal-ai/flux" || id.startsWith("fal-ai/flux/") || /^other-app\/dev(\/|$)/.test(id);
}
