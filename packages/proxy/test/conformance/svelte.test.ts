/** SvelteKit, built with adapter-node. */
import { expect, test } from "vitest";
import { buildExample, exampleCommand, exampleFile, examplePath } from "./example-app.ts";
import { judge } from "./judge.ts";

const formsAreRefused =
  "SvelteKit answers 403 to form types that name no origin of the app's own; fal's clients send JSON";

judge("svelte", {
  command: `export BODY_SIZE_LIMIT=Infinity; ${exampleCommand("sveltekit", "build/index.js")}`,
  path: examplePath,
  prepare: () => buildExample("sveltekit"),
  without: {
    compressed: "adapter-node leaves compression to a server in front",
    parsed: "an endpoint is the first to read its body",
    chain: "nothing runs after an endpoint",
    http2: "adapter-node speaks HTTP/1.1",
  },
  departures: {
    "methods-delete": "the documented line exports GET, POST and PUT",
    "request-headers-content-type": formsAreRefused,
    "bodies-multipart": formsAreRefused,
    "bodies-form": formsAreRefused,
    "smuggling-body-is-body": formsAreRefused,
  },
});

test("the route that people copy is the documented form", () => {
  expect(exampleFile("sveltekit", "src/routes/api/fal/proxy/+server.ts")).toContain(
    "export const { GET, POST, PUT } = createRequestHandler({ credentials: env.FAL_KEY });",
  );
});
