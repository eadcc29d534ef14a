/** `node:http`, and the package itself: whether it loads without Node and beside current frameworks. */
import { join } from "node:path";
import { judge, serverCommand } from "./judge.ts";

judge("node", {
  command: serverCommand("node.mjs"),
  packageFolder: join(import.meta.dirname, "../.."),
  without: {
    "adapter-key": "the adapter has no key option of its own",
    parsed: "node:http has no body parser",
    chain: "a bare listener has nothing after it",
  },
});
