/** A call as the pipeline carries it from front to end: what hooks see, and what is learnt on the way. */
import type { Background } from "./background.ts";
import type { IncomingBody } from "./body.ts";
import type { EndHook, HookCall, ReplyHook, User } from "./call.ts";
import type { ResolvedConfig } from "./config.ts";
import type { Env } from "./environment.ts";
import type { Incoming, WaitUntil } from "./incoming.ts";
import { inspectInputs, inspectJson } from "./inspect.ts";
import { owned } from "./promise.ts";
import type { Target } from "./target.ts";

/**
 * A class only because its methods are shared by every request, where closures would be made anew.
 */
export class OpenCall implements HookCall, Incoming {
  // What the front supplied.
  declare readonly config: ResolvedConfig;
  declare readonly id: string;
  declare readonly method: string;
  declare readonly header: Incoming["header"];
  declare readonly headers: Incoming["headers"];
  declare readonly body: IncomingBody | undefined;
  declare readonly ip: string | undefined;
  declare readonly native: unknown;
  declare readonly env: Env;
  declare readonly keepsCoding: boolean;
  declare readonly waitUntil: WaitUntil | undefined;
  declare readonly background: Background;
  declare readonly adapterKey: Incoming["adapterKey"];

  /** There once it was read, which is before any hook runs. */
  declare target: Target;
  user: User | undefined;
  /** Private, so that no hook which prints the call shows it. */
  #credential: string | undefined;

  // Facts, noted as they are learnt.
  readonly arrived: number = Date.now();
  firstByteMs: number | undefined;
  falStatus: number | undefined;
  billableUnits: string | undefined;
  callerStatus: number | undefined;
  /** Whether the whole request went out to fal. */
  sent = false;
  viaBackup = false;
  /** Body bytes handed to the caller. */
  bytes = 0;
  inFlight = false;
  ended = false;

  /** What the answer says of limits, whoever gives it. */
  quota: Readonly<Record<string, string>> | undefined;
  readonly replyHooks: ReplyHook[] = [];
  readonly endHooks: EndHook[] = [];
  #parsed: Promise<unknown> | undefined;
  readonly respondWith: () => never = onlyTheProxyAnswers;
  readonly sendResponse: () => never = onlyTheProxyAnswers;
  readonly sendHeader: () => never = onlyTheProxyAnswers;

  constructor(incoming: Incoming) {
    Object.assign(this, incoming);
  }

  /** The value of `authorization` for fal, once it is known. */
  get credential(): string | undefined {
    return this.#credential;
  }
  set credential(value: string | undefined) {
    this.#credential = value;
  }

  getHeader(name: string): string | undefined {
    return this.header(name.toLowerCase());
  }
  getHeaders(): Record<string, string> {
    return Object.fromEntries(this.headers());
  }
  async getRequestBody(): Promise<string | undefined> {
    const bytes = await this.body?.bytes();
    return bytes && new TextDecoder().decode(bytes);
  }
  json(): Promise<unknown> {
    // Owned: a hook may keep it and look later, or never.
    return (this.#parsed ??= owned(inspectJson(this)));
  }
  inputs(): Promise<Record<string, unknown>> {
    return owned(inspectInputs(this));
  }
  onReply(hook: ReplyHook): void {
    this.replyHooks.push(hook);
  }
  onEnd(hook: EndHook): void {
    this.endHooks.push(hook);
  }
}

function onlyTheProxyAnswers(): never {
  throw new Error("The proxy answers, not a hook: return false, undefined or a refusal instead.");
}
