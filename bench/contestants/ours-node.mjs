// This library on `node:http` alone.
import { createServer } from "node:http";
import { createRequestListener } from "@fal-ai/server-proxy/node";

createServer(createRequestListener()).listen(Number(process.env.PORT), "127.0.0.1");
