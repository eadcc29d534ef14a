import { test } from "vitest";
import { playShard } from "./shard.ts";

test(
  "in 10,000 histories, what is booked is what fal bills, and nobody sees what is not his",
  () => playShard(10001, 10_000),
  1_800_000,
);
