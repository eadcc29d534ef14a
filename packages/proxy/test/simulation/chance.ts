/** What happens by chance in a history: decided by its seed alone. */
import { randomFrom } from "../../src/stores/testing/model.ts";

export interface Chance {
  below(limit: number): number;
  /** True once in so many. */
  once(of: number): boolean;
  pick<T>(list: readonly T[]): T;
  between(from: number, to: number): number;
}

export function chanceFrom(seed: number): Chance {
  const below = randomFrom(seed);
  return {
    below,
    once: (of) => below(of) === 0,
    pick: (list) => list[below(list.length)] as never,
    between: (from, to) => from + below(to - from + 1),
  };
}
