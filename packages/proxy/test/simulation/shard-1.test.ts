import { test } from "vitest";
import { playHistories } from "./play.ts";

test(
  "in 5,000 histories, what is booked is what fal bills, and nobody sees what is not his",
  () => playHistories(1, 5000),
  1_800_000,
);
