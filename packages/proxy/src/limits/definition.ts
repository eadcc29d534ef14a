/** What `defineProxy` has made of its options: all that the steps of a paid call ask. */
import type { Prices } from "../money/prices.ts";
import type { Store } from "../stores/store.ts";
import type { Attendance } from "./attendance.ts";
import type { Credits } from "./credits.ts";
import type { FalBeside } from "./fal-beside.ts";
import type { Gauge } from "./gauge.ts";
import type { DefineOptions } from "./options.ts";

export interface Definition {
  readonly store: Store;
  readonly fal: FalBeside;
  readonly prices: Prices | undefined;
  readonly gauges: readonly Gauge[];
  /** In the order in which they are asked. */
  readonly purses: readonly Credits[];
  readonly unknown: "charge" | "release";
  readonly ownership: boolean;
  /** Where fal tells of the ends of jobs. */
  readonly webhookUrl: string | undefined;
  readonly attendance: Attendance;
  readonly share: DefineOptions["share"];
}
