/** The suite that every engine passes. An engine of your own is held to it with a test runner of your choice. */
import type { Store } from "../store.ts";
import { once } from "./cases/once.ts";
import { operating } from "./cases/operating.ts";
import { places } from "./cases/places.ts";
import { racing } from "./cases/racing.ts";
import { rollingWindows } from "./cases/rolling.ts";
import { settling } from "./cases/settling.ts";
import { sweeping } from "./cases/sweeping.ts";
import { taking } from "./cases/taking.ts";
import { freshId, type StoreCase } from "./claims.ts";
import { playHistory } from "./model.ts";

const cases: readonly StoreCase[] = [
  ...taking,
  ...once,
  ...settling,
  ...places,
  ...rollingWindows,
  ...sweeping,
  ...operating,
  ...racing,
];

export interface StoreSuite {
  /**
   * Opens a store. The same scope twice is the same state, as two processes would see it; where an engine cannot do
   * that, the first one is asked for all of it.
   */
  open(scope: string): Store | Promise<Store>;
  /** Whether another store object sees the same state. @default true */
  shared?: boolean;
  /** How many histories are played, of 400 steps each. @default 20 */
  histories?: number;
  /** The first seed. @default 1 */
  seed?: number;
}

/**
 * The suite as names and functions, for any test runner.
 *
 * @example
 * ```ts
 * for (const [name, run] of storeTests({ open: (scope) => myStore({ scope }) })) test(name, run);
 * ```
 */
export function storeTests({
  open,
  shared = true,
  histories = 20,
  seed = 1,
}: StoreSuite): readonly (readonly [name: string, run: () => Promise<void>])[] {
  const within =
    (run: StoreCase[1]): (() => Promise<void>) =>
    async () => {
      const scope = `test-${freshId()}`;
      const store = await open(scope);
      const other = shared ? await open(scope) : store;
      try {
        await run({ store, other });
      } finally {
        for (const one of new Set([store, other])) await one.close?.();
      }
    };
  const played = Array.from({ length: histories }, (_, index): StoreCase => {
    const own = seed + index;
    return [
      `a history of 400 steps as the model says: seed ${own}`,
      async ({ store, other }) => playHistory([store, other], own, 400),
    ];
  });
  return [...cases, ...played].map(([name, run]) => [name, within(run)] as const);
}
