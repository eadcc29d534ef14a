// This library with a guard that looks at every reply's head, as one that keeps accounts does.
import { createServer } from "node:http";
import { createRequestListener } from "@fal-ai/server-proxy/node";

const seen = { replies: 0, last: undefined };
const watch = (call) => {
  call.onReply((reply) => {
    if (reply.status === 200) seen.replies++;
    seen.last = reply.header("x-fal-request-id");
  });
};

createServer(createRequestListener({ guards: [watch] })).listen(
  Number(process.env.PORT),
  "127.0.0.1",
);
