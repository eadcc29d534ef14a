/**
 * What fal's page "Proxy Setup" says of a custom proxy, in Express and to the letter: it takes every method, reads
 * the target from its header, adds the key, forwards, and returns the response. A contestant of the scoreboard, not an
 * example to copy: examples/express-custom is that.
 *
 * Not of the page are the bare path (its wildcard alone would not answer the client) and FAL_PROXY_UPSTREAM.
 */
import { Readable } from "node:stream";
import express from "express4";

const path = "/api/fal/proxy";
const upstream = process.env.FAL_PROXY_UPSTREAM;

const app = express();
app.use(express.json({ limit: "50mb" }));

// oxlint-disable-next-line oxc/no-async-endpoint-handlers -- as the documentation has it, which is what is judged
app.all([path, `${path}/*`], async (request, response) => {
  const target = request.headers["x-fal-target-url"];
  if (!target) return response.status(400).json({ error: "x-fal-target-url is missing" });
  const reply = await fetch(upstream ? target.replace(/^https?:\/\//, `${upstream}/`) : target, {
    method: request.method,
    headers: {
      authorization: `Key ${process.env.FAL_KEY}`,
      "content-type": "application/json",
    },
    body: ["GET", "HEAD"].includes(request.method) ? undefined : JSON.stringify(request.body),
  });
  response.status(reply.status);
  // The page of before says which: all but these two.
  for (const [name, value] of reply.headers) {
    if (!["content-length", "content-encoding"].includes(name)) response.append(name, value);
  }
  if (reply.body) Readable.fromWeb(reply.body).pipe(response);
  else response.end();
});

app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1");
