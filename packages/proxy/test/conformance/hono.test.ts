/** Hono on Node. */
import { judge, serverCommand } from "./judge.ts";

judge("hono", {
  command: serverCommand("hono.mjs"),
  without: { http2: "the host that it runs on here speaks HTTP/1.1" },
});
