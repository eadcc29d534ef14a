/** Stands in front of fal, passes everything on, and keeps what was answered. */
import type { Answer, HeaderList } from "../answer.ts";
import { plain } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { partOf } from "../hosts.ts";
import { createKeys } from "../keys.ts";
import { unknownHost } from "../server.ts";
import { classify, inputOf, type CallKind } from "./calls.ts";
import { Cassettes, type KeptJob, type KeptReply } from "./cassette.ts";
import { sortedQuery } from "./compare.ts";
import { createFileUrls, endingOf, keptName } from "./file-urls.ts";
import { createScrub } from "./scrub.ts";
import { type CassetteServer, serve } from "./serve.ts";

export interface RecorderOptions {
  /** Where cassettes are written: kept calls of earlier runs are extended. */
  readonly folder: string;
  /**
   * fal's key, `<id>:<secret>`; it pays, and is never written down. Whoever calls sends the same one: any
   * page in a browser of this machine reaches the recorder as well.
   */
  readonly key: string;
  /** @default 0, any free port */
  readonly port?: number;
  /** The origin of a stand-in for fal on this machine, such as an emulator's `url`. @default fal itself */
  readonly upstream?: string;
}

/** What of a reply's headers is kept. */
const KEPT_HEADERS = /^(?:content-type|retry-after|x-fal-(?!.*(?:token|secret|key)).*)$/;

/** What of a request's headers goes on to fal; the key is ours. */
const SENT_HEADERS =
  /^(?:accept|content-type|user-agent|x-(?:app-)?fal-(?!target-url|client-proxy).*)$/;

/**
 * Starts a recorder.
 *
 * @throws TypeError for a key or an upstream of the wrong form; Error for a damaged cassette, or a taken port
 * @example
 * const recorder = await createRecorder({ folder: "cassettes", key: process.env.FAL_KEY });
 */
export async function createRecorder(options: RecorderOptions): Promise<CassetteServer> {
  const { folder, key, upstream, port = 0 } = options;
  if (!/^[^\s:]+:\S+$/.test(key)) throw new TypeError('key: must look like "<id>:<secret>"');
  if (
    upstream !== undefined &&
    !/^http:\/\/(?:127\.0\.0\.1|localhost|\[::1\]):\d+$/.test(upstream)
  ) {
    throw new TypeError(
      "upstream: must be the origin of a server of this machine: it receives the key",
    );
  }
  let url = "";
  const cassettes = await Cassettes.open(folder, true);
  const recording = new Recording(cassettes, key, () => url, upstream);
  const server = await serve(
    port,
    (exchange) => recording.handle(exchange),
    async () => {
      await recording.settled();
      await cassettes.flush();
    },
  );
  url = server.url;
  return server;
}

class Recording {
  readonly #cassettes: Cassettes;
  readonly #key: string;
  readonly #keys: ReturnType<typeof createKeys>;
  readonly #upstream: string | undefined;
  readonly #urls: ReturnType<typeof createFileUrls>;
  readonly #scrub: (text: string) => string;
  readonly #jobs = new Map<string, { readonly name: string; readonly job: KeptJob }>();
  /** The name of each file that was read once. */
  readonly #files = new Map<string, Promise<string>>();
  #noting: Promise<void> = Promise.resolve();

  constructor(cassettes: Cassettes, key: string, here: () => string, upstream: string | undefined) {
    this.#cassettes = cassettes;
    this.#key = key;
    this.#keys = createKeys([key]);
    this.#upstream = upstream;
    this.#urls = createFileUrls(here, upstream);
    this.#scrub = createScrub([key]);
  }

  /** Resolves once everything that was answered is noted. */
  settled(): Promise<void> {
    return this.#noting;
  }

  async handle(exchange: Exchange): Promise<Answer> {
    const call = classify(exchange);
    if (call === undefined) return unknownHost(exchange.host);
    const { authorization } = exchange.headers;
    // Files are read and written by URLs that say who may, and never with the key.
    const isFile = partOf(exchange.host) === "fal.media";
    if (!isFile && !this.#keys.accountOf(authorization)) {
      return this.#keys.refuse(exchange.host, authorization);
    }
    const bytes = isFile ? undefined : await exchange.bytes();
    if (!isFile && bytes === undefined)
      return plain(413, "The body is larger than can be recorded");
    const response = await fetch(this.#target(exchange), {
      method: exchange.method,
      headers: this.#headers(exchange, isFile),
      body: isFile && exchange.method !== "GET" ? exchange.chunks() : this.#body(bytes),
      duplex: "half",
      redirect: "manual",
      signal: exchange.signal,
    } as unknown as RequestInit);
    const headers = [...response.headers].filter(
      ([name]) => KEPT_HEADERS.test(name) || name === "etag",
    );
    const type = response.headers.get("content-type") ?? "";
    const reply = { status: response.status, headers };
    if (isFile && !type.includes("json")) return { ...reply, ...withBody(response) };
    if (type.startsWith("text/event-stream") && response.body) {
      return { ...reply, body: this.#events(exchange, call, bytes, response) };
    }
    if (/json|^text\//.test(type) || !response.body) {
      const text = this.#urls.toHere(await response.text());
      this.#note(exchange, call, bytes, { status: response.status, headers, text });
      return { ...reply, body: text };
    }
    return { ...reply, body: this.#binary(exchange, call, bytes, response) };
  }

  #target({ host, pathname, search }: Exchange): string {
    const origin = this.#upstream ? `${this.#upstream}/${host}` : `https://${host}`;
    return origin + pathname + search;
  }

  /** The body with fal's own file URLs in it. Latin-1 keeps every byte of what is no text. */
  #body(bytes: Uint8Array | undefined): Uint8Array | undefined {
    if (bytes === undefined || bytes.length === 0) return undefined;
    return Buffer.from(this.#urls.toFal(Buffer.from(bytes).toString("latin1")), "latin1");
  }

  #headers({ headers }: Exchange, isFile: boolean): HeaderList {
    const sent: HeaderList = Object.entries(headers).flatMap(([name, value]) =>
      typeof value === "string" && SENT_HEADERS.test(name)
        ? [[name, value] as [string, string]]
        : [],
    );
    // Files are written by signed URLs, or by a token of the client's own.
    const { authorization } = headers;
    if (!isFile) sent.push(["authorization", `Key ${this.#key}`]);
    else if (authorization?.toLowerCase().startsWith("bearer ")) {
      sent.push(["authorization", authorization]);
    }
    return sent;
  }

  async *#events(
    exchange: Exchange,
    call: CallKind,
    bytes: Uint8Array | undefined,
    response: Response,
  ): AsyncGenerator<string> {
    const events: string[] = [];
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      rest += decoder.decode(chunk, { stream: true });
      // Whole events only: a URL must not be cut in two.
      const ended = rest.match(EVENT);
      if (!ended) continue;
      rest = rest.slice(ended.join("").length);
      const whole = ended.map((event) => this.#urls.toHere(event));
      events.push(...whole);
      yield whole.join("");
    }
    if (rest) {
      events.push(rest);
      yield rest;
    }
    const headers = [...response.headers];
    this.#note(exchange, call, bytes, { status: response.status, headers, events });
  }

  async *#binary(
    exchange: Exchange,
    call: CallKind,
    bytes: Uint8Array | undefined,
    response: Response,
  ): AsyncGenerator<Uint8Array> {
    const [there, here] = (response.body as ReadableStream<Uint8Array>).tee();
    const type = response.headers.get("content-type") ?? "";
    const ending = /^\w+\/([\w]+)/.exec(type)?.[1];
    const kept = this.#cassettes.keep(here as never, ending ? `.${ending}` : "");
    kept.catch(() => {});
    yield* there as unknown as AsyncIterable<Uint8Array>;
    const headers = [...response.headers];
    this.#note(exchange, call, bytes, { status: response.status, headers, file: await kept });
  }

  /** Notes an answer, one after the other, behind the caller's back. */
  #note(exchange: Exchange, call: CallKind, bytes: Uint8Array | undefined, raw: RawReply): void {
    const { method } = exchange;
    const query = this.#scrub(sortedQuery(exchange.query));
    this.#noting = this.#noting.then(async () => {
      if (call.kind === "files") return;
      const reply = await this.#kept(raw);
      if ("requestId" in call) return this.#noteJob(call, reply);
      const input = withoutEndings(await this.#keptValue(inputOf(bytes)));
      const endpoint = this.#cassettes.endpoint(call.name);
      const requestId = (reply.json as { request_id?: unknown } | undefined)?.request_id;
      if (call.kind === "submit" && typeof requestId === "string") {
        const job: KeptJob = { query, input, requestId, submitted: reply, states: [] };
        endpoint.jobs.push(job);
        this.#jobs.set(requestId, { name: call.name, job });
      } else endpoint.calls.push({ method, query, input, reply });
      this.#cassettes.save(call.name, this.#scrub);
    });
    this.#noting = this.#noting.catch((error: unknown) => {
      process.stderr.write(`fal-emulator: not recorded: ${String(error)}\n`);
    });
  }

  #noteJob(call: Extract<CallKind, { requestId: string }>, reply: KeptReply): void {
    const known = this.#jobs.get(call.requestId);
    if (!known) return;
    const { name, job } = known;
    const states = (reply.events ?? []).flatMap((event) =>
      event.startsWith("data:") ? [JSON.parse(event.slice(5)) as unknown] : [],
    );
    if (call.kind === "status" && reply.json !== undefined) states.push(reply.json);
    for (const state of states) if (isNews(job.states.at(-1), state)) job.states.push(state);
    if (call.kind === "cancel") job.cancelled = reply;
    const { status } = (job.states.at(-1) ?? {}) as { status?: unknown };
    const isOver = reply.status < 400 || status === "COMPLETED";
    if (call.kind === "result" && isOver) job.result = reply;
    this.#cassettes.save(name, this.#scrub);
  }

  async #kept({ status, headers, text, events, file }: RawReply): Promise<KeptReply> {
    const kept = Object.fromEntries(headers.filter(([name]) => KEPT_HEADERS.test(name)));
    const common = { status, headers: kept };
    if (file !== undefined) return { ...common, file };
    if (events) return { ...common, events: (await this.#keptValue(events)) as string[] };
    return { ...common, json: await this.#keptValue(inputOf(Buffer.from(text ?? ""))) };
  }

  /** A value whose files are kept, by name. */
  #keptValue(value: unknown): Promise<unknown> {
    return this.#urls.replaceEach(value, (url) => {
      let name = this.#files.get(url);
      if (!name) this.#files.set(url, (name = this.#keepFile(url)));
      return name;
    });
  }

  async #keepFile(url: string): Promise<string> {
    const response = await fetch(this.#urls.toFal(url));
    if (!response.ok || !response.body) return `file:gone-${response.status}`;
    const chunks = response.body as unknown as AsyncIterable<Uint8Array>;
    return keptName(await this.#cassettes.keep(chunks, endingOf(url)));
  }
}

interface RawReply {
  readonly status: number;
  readonly headers: ReadonlyArray<readonly [string, string]>;
  readonly text?: string;
  readonly events?: readonly string[];
  readonly file?: string;
}

// An event ends at an empty line, and lines end in one of three ways (WHATWG HTML, 9.2.5). Sticky: what is left of a
// long event is read once, not again from each of its bytes.
const EVENT = /[^]*?(?:\r\n\r\n|\n\n|\r\r)/gy;

/** An input whose files are known by their content alone: the same picture may have been named otherwise. */
const withoutEndings = (input: unknown): unknown =>
  input === undefined
    ? undefined
    : (JSON.parse(JSON.stringify(input).replace(/\b(file:[\da-f]{64})\.\w+/g, "$1")) as unknown);

/** A file's own bytes, passed on as they come. */
const withBody = ({ body }: Response): Pick<Answer, "body"> =>
  body ? { body: body as unknown as AsyncIterable<Uint8Array> } : {};

/** Whether a state says more than the one before: its status, its place or its logs. */
function isNews(before: unknown, state: unknown): boolean {
  const told = (value: unknown): string => {
    const { status, logs } = (value ?? {}) as { status?: unknown; logs?: unknown[] | null };
    return JSON.stringify([status, logs?.length ?? 0]);
  };
  return told(before) !== told(state);
}
