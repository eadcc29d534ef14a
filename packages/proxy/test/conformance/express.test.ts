/** Express 5. */
import { judge, serverCommand } from "./judge.ts";

judge("express", {
  command: serverCommand("express.mjs"),
  without: {
    "adapter-key": "the adapter has no key option of its own",
    http2: "Express does not run on node:http2",
  },
});
