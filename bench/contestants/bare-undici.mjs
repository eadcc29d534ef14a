// A relay by undici's dispatch without a single rule: what Node itself takes for the job.
import { createServer } from "node:http";
import { Agent } from "undici";

const upstream = process.env.FAL_PROXY_UPSTREAM;
const authorization = `Key ${process.env.FAL_KEY}`;
const agent = new Agent();

createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const { "x-fal-target-url": target, host: _, connection: __, ...headers } = request.headers;
    const path = target.slice("https:/".length);
    const body = parts.length === 0 ? null : parts.length === 1 ? parts[0] : Buffer.concat(parts);
    let control;
    response.on("drain", () => control.resume());
    agent.dispatch(
      {
        origin: upstream,
        path,
        method: request.method,
        headers: { ...headers, authorization },
        body,
      },
      {
        onRequestStart: (controller) => (control = controller),
        onResponseStart(_controller, status, { connection: _, ...received }) {
          response.writeHead(status, received);
        },
        onResponseData(controller, chunk) {
          if (!response.write(chunk)) controller.pause();
        },
        onResponseEnd: () => response.end(),
        onResponseError: () => response.destroy(),
      },
    );
  });
}).listen(Number(process.env.PORT), "127.0.0.1");
