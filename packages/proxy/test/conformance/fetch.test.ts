/** A bare Request → Response function, on a host that turns it into a Node server. */
import { judge, serverCommand } from "./judge.ts";

judge("fetch", {
  command: serverCommand("fetch.mjs"),
  without: {
    "adapter-key": "the adapter has no key option of its own",
    compressed: "a bare handler has no middleware",
    parsed: "a bare handler has no middleware",
    chain: "a bare handler has nothing after it",
    http2: "the host that it runs on here speaks HTTP/1.1",
  },
});
