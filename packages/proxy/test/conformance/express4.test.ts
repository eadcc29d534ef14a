/** Express 4. */
import { judge, serverCommand } from "./judge.ts";

judge("express4", {
  command: serverCommand("express4.mjs"),
  without: {
    "adapter-key": "the adapter has no key option of its own",
    http2: "Express does not run on node:http2",
  },
});
