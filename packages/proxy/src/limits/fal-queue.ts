/** Asks fal's queue about a job with the operator's own key, beside all calls. */
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

export interface FalQueue {
  /** @returns undefined where fal could not be asked. Never rejects */
  get(path: string, account: string): Promise<FalReply | undefined>;
}

/** The keys of the operator's fal accounts, for work without a call. */
export type Accounts = Readonly<Record<string, () => MaybePromise<string | undefined>>>;
/** The longest wait for an answer, in ms. */
const PATIENCE = 15_000;

export function createFalQueue(
  accounts: Accounts,
  config: Pick<ProxyConfig, "fetch" | "upstream">,
): FalQueue {
  const { fetch: send = fetch } = config;
  const upstream = config.upstream && upstreamOrigin(config.upstream);
  return {
    async get(path, account) {
      try {
        const key = await (accounts[account] ?? keyFromEnv)();
        const authorization = toAuthorization(key, `The account ${account} gave`);
        if (isRefusal(authorization)) return undefined;
        const { origin, prefix } = await placeOf("queue.fal.run", upstream);
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
    },
  };
}
