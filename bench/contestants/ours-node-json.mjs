// This library with a guard that reads every reply's JSON before it goes on.
import { createServer } from "node:http";
import { createRequestListener } from "@fal-ai/server-proxy/node";

const read = (call) => {
  call.onReply(async (reply) => {
    await reply.json();
  });
};

createServer(createRequestListener({ guards: [read] })).listen(
  Number(process.env.PORT),
  "127.0.0.1",
);
