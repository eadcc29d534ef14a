/** A mutant that cannot even be loaded breaks whole files of tests, which Stryker takes for none that failed. */
import { expect, test } from "vitest";

test("the library can be loaded", async () => {
  expect(await import("@fal-ai/server-proxy")).toHaveProperty("refuse");
});
