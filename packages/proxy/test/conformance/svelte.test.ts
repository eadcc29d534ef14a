import { buildExample, exampleCommand, examplePath } from "./example-app.ts";
import { judge } from "./judge.ts";

judge("svelte", {
  command: `export BODY_SIZE_LIMIT=Infinity; ${exampleCommand("sveltekit", "build/index.js")}`,
  path: examplePath,
  prepare: () => buildExample("sveltekit"),
  without: {
    compressed: "adapter-node leaves compression to a server in front",
    parsed: "an endpoint is the first to read its body",
    chain: "nothing runs after an endpoint",
  },
});
