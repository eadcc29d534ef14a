/** Asks fal with the operator's own keys, beside all calls. */
import { upstreamOrigin } from "../check.ts";
import { keyFromEnv, toAuthorization } from "../credentials.ts";
import { parseJson } from "../json.ts";
import type { ProxyConfig } from "../options.ts";
import { placeOf } from "../plan.ts";
import type { MaybePromise } from "../promise.ts";
import { isRefusal } from "../refusal.ts";

/** An answer of fal's. */
export interface FalReply {
  readonly status: number;
  header(name: string): string | undefined;
  /** Parsed; undefined where it is no JSON. */
  readonly body: unknown;
}

export interface FalBeside {
  /** Of the queue, by the key of an account. @returns undefined where fal could not be asked. Never rejects */
  get(path: string, account: string): Promise<FalReply | undefined>;
  /** Of another host of fal's. @returns undefined where fal could not be asked. Never rejects */
  ask(host: string, path: string, authorization: string): Promise<FalReply | undefined>;
}

/** The keys of the operator's fal accounts, for work without a call. */
export type Accounts = Readonly<Record<string, () => MaybePromise<string | undefined>>>;
/** The longest wait for an answer, in ms. */
const PATIENCE = 15_000;

export function createFalBeside(
  accounts: Accounts,
  config: Pick<ProxyConfig, "fetch" | "upstream">,
): FalBeside {
  const { fetch: send = fetch } = config;
  const upstream = config.upstream && upstreamOrigin(config.upstream);

  async function ask(
    host: string,
    path: string,
    authorization: string,
  ): Promise<FalReply | undefined> {
    try {
      const { origin, prefix } = await placeOf(host, upstream);
      const reply = await send(`${origin}${prefix}${path}`, {
        headers: { authorization },
        // The key goes to fal and no further.
        redirect: "manual",
        signal: AbortSignal.timeout(PATIENCE),
      });
      return {
        status: reply.status,
        header: (name) => reply.headers.get(name) ?? undefined,
        body: parseJson(await reply.text()),
      };
    } catch {
      return undefined;
    }
  }

  async function get(path: string, account: string): Promise<FalReply | undefined> {
    let key: string | undefined;
    try {
      key = await (accounts[account] ?? keyFromEnv)();
    } catch {
      return undefined;
    }
    const authorization = toAuthorization(key, `The account ${account} gave`);
    return isRefusal(authorization) ? undefined : ask("queue.fal.run", path, authorization);
  }

  return { get, ask };
}
