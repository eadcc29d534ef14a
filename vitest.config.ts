// Tests talk HTTP to real servers, so every file gets a process of its own and none is retried.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{packages,examples,tools}/*/test/**/*.test.ts", "scripts/test/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    retry: 0,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    // What is waited for comes at once, but on a busy machine.
    expect: { poll: { timeout: 10_000 } },
  },
});
