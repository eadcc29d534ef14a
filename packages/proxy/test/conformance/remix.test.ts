import { buildExample, exampleCommand, examplePath } from "./example-app.ts";
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
  },
});
