/** `@fal-ai/server-proxy/limits`: limits, credits and ownership of jobs, and the routes that go with them. */
export type { BesideContext } from "./beside.ts";
export { defineProxy, type FalProxy } from "./define.ts";
export type {
  CreditCost,
  CreditQuote,
  CreditsOptions,
  DefineOptions,
  LimitAmount,
  Limits,
  LimitSet,
  OwnPeriod,
  PeriodLimit,
  PeriodLimits,
} from "./options.ts";
export { creditAmount, credits } from "./credits.ts";
export { explain, type Explanation, type Step } from "./explain.ts";
export { reconcile, type Difference, type Reconciled, type ReconcileOptions } from "./reconcile.ts";
export {
  createSweepHandler,
  settleDue,
  type SweepHandlerOptions,
  type SweepOptions,
  type Swept,
} from "./sweep.ts";
export {
  createUsageHandler,
  usageOf,
  type LimitUsage,
  type PurseUsage,
  type Usage,
} from "./usage.ts";
export { createWebhookHandler, type JobResult, type WebhookHandlerOptions } from "./webhook.ts";
export { StoreUnavailable } from "../stores/store.ts";
export type {
  Booking,
  Entry,
  Job,
  JobState,
  Override,
  Store,
  StoreTrouble,
} from "../stores/store.ts";
