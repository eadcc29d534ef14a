/** What an app says of limits, credits and state: the options of `defineProxy`. */
import type { Call } from "../call.ts";
import type { Prices, PriceRules } from "../money/prices.ts";
import type { ProxyConfig } from "../options.ts";
import type { MaybePromise } from "../promise.ts";
import type { Accounts } from "./fal-beside.ts";
import type { Job, Store } from "../stores/store.ts";

/** A number, a decimal string of at most 9 places, `"none"` for no limit, or a function of the call. 0 refuses. */
export type LimitAmount = number | string | ((call: Call) => MaybePromise<number | string>);

/** A period of the app's own, such as a billing month: in ms since 1970 or as dates. */
export type OwnPeriod = (call: Call) => MaybePromise<{ start: number | Date; end: number | Date }>;

/** One amount in one period, written out. */
export interface PeriodLimit {
  amount: LimitAmount;
  /** As the short form's key, or a function. */
  per: string | OwnPeriod;
  /** Names the bucket of an own period; needed where there are two. */
  name?: string;
}

/** Amounts by period: `{ day: 20, "1m": 5 }`, or written out. */
export type PeriodLimits = Readonly<Record<string, LimitAmount>> | readonly PeriodLimit[];

/** Limits of one kind of caller. */
export interface LimitSet {
  /**
   * Whose: the user that `isAuthenticated` named, the address, everybody together, or a name of the app's own.
   *
   * @default the set's key, where that is `user`, `ip` or `all`
   */
  by?: "user" | "ip" | "all" | ((call: Call) => MaybePromise<string | undefined>);
  /** Globs over the endpoint id; others are not counted here. @default all */
  endpoints?: readonly string[];
  /** Calls under way at once; a queued job counts until it has ended. */
  inFlight?: LimitAmount;
  /** Calls that can cost money. */
  calls?: PeriodLimits;
  /** USD: what open calls may cost, and what the others did. */
  usd?: PeriodLimits;
  /** Counts and reports, and refuses nothing. @default false */
  dryRun?: boolean;
  /**
   * Lets calls pass uncounted while the store has no answer: for sets of `calls` alone. Money, places, credits, a job's
   * owner and an `idempotency-key` never do.
   *
   * @default false
   */
  failOpen?: boolean;
}

/** Sets by name: `user`, `ip` and `all` say whose by themselves. Their order means nothing. */
export interface Limits {
  /** Whose calendar days, weeks and months are. @default "UTC" */
  timeZone?: string;
  user?: LimitSet;
  ip?: LimitSet;
  all?: LimitSet;
  [name: string]: LimitSet | string | undefined;
}

export interface CreditsOptions {
  /** Tells purses apart where there are several. Once given, it stays: what was bought is kept under it. @default "credits" */
  name?: string;
  /** Whose purse. @default "user" */
  by?: "user" | ((call: Call) => MaybePromise<string | undefined>);
  /** How many credits a call costs: at most 9 places. By endpoint glob, or a function. */
  cost: CreditCost | Readonly<Record<string, CreditCost>>;
  /** `actual` asks the cost again with what fal has billed. @default "quoted" */
  settle?: "quoted" | "actual";
  /** What becomes of credits where fal's bill can never be known. @default "release" */
  unknown?: "charge" | "release";
  /** Allows a store that ends with its process. @default false */
  acceptLoss?: boolean;
}

/** A number, or a function of what the call is quoted at, in USD. */
export type CreditCost =
  | number
  | string
  | ((quote: CreditQuote, call: Call | undefined) => number | string);

export interface CreditQuote {
  readonly usd: number;
  readonly rule: string;
}

export interface DefineOptions extends Omit<ProxyConfig, "meter"> {
  /** Where state is kept. With one, jobs belong to who submitted them. */
  store?: Store;
  /** What calls cost: `falPrices(…)`, or rules of the app's own. Needed for limits in USD and for credits by quote. */
  prices?: Prices | PriceRules;
  limits?: Limits;
  /** Several are alternatives: the first that can pay for a call pays for the whole of it. */
  credits?: CreditsOptions | readonly CreditsOptions[];
  /**
   * The public URL of the route that `createWebhookHandler` serves: put on every submit, so that fal tells of the ends
   * of jobs that nobody asks for. Callers' own webhooks are refused then.
   */
  webhookUrl?: string;
  /** What an estimate becomes in windows where fal's bill can never be known. @default "charge" */
  unknown?: "charge" | "release";
  /** Whether somebody else may read and cancel a job: a team's. @default nobody */
  share?: (call: Call, job: Job) => MaybePromise<boolean>;
  /**
   * The keys of the operator's fal accounts, by name, for work without a call: sweeps and webhooks. Needed where
   * `resolveFalAuth` is used.
   *
   * @default the environment, for `main`
   */
  accounts?: Accounts;
  /** Whether jobs belong to who submitted them. @default true */
  ownership?: boolean;
}
