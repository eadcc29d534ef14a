/** React Router 7 in framework mode, built, under its own server. */
import { buildExample, exampleCommand, examplePath } from "./example-app.ts";
import { judge } from "./judge.ts";

const serve = "node_modules/@react-router/serve/bin.js build/server/index.js";

// Its server has compression in front in every profile.
judge("react-router", {
  command: exampleCommand("react-router", serve),
  path: examplePath,
  prepare: () => buildExample("react-router"),
  without: {
    parsed: "a resource route is the first to read its body",
    chain: "nothing runs after a resource route",
    http2: "its server speaks HTTP/1.1",
  },
  departures: {
    "methods-trace": "its server answers 500: the Fetch standard knows no Request of that method",
    "streaming-slow-reader":
      "React Router 7.18 races each read with one promise, which keeps every chunk until the end",
  },
});
