import { test } from "vitest";
import { playShard } from "./shard.ts";

test(
  "in 5,000 histories, what is booked is what fal bills, and nobody sees what is not his",
  () => playShard(1, 5000),
  1_800_000,
);
