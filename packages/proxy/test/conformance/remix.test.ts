/** Remix 2, built, under its own server. */
import { expect, test } from "vitest";
import { buildExample, exampleCommand, exampleFile, examplePath } from "./example-app.ts";
import { judge } from "./judge.ts";

const serve = "node_modules/@remix-run/serve/dist/cli.js build/server/index.js";

// Its server has compression in front in every profile.
judge("remix", {
  command: exampleCommand("remix", serve),
  path: examplePath,
  prepare: () => buildExample("remix"),
  without: {
    parsed: "a resource route is the first to read its body",
    chain: "nothing runs after a resource route",
    http2: "its server speaks HTTP/1.1",
  },
  departures: {
    "methods-trace": "its server answers 500: the Fetch standard knows no Request of that method",
    "streaming-slow-reader":
      "Remix 2 writes a stream as fast as it comes, whatever the caller takes",
  },
});

test("the route that people copy is the documented form", () => {
  expect(exampleFile("remix", "app/routes/api.fal.proxy.ts")).toContain(
    "export const { action, loader } = createProxy();",
  );
});
