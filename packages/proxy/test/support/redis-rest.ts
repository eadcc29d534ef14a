/**
 * A REST front before a real Redis, in the form that Upstash documents: a command as a JSON array, posted with a bearer
 * token; a list of them to /pipeline. With `upstash-encoding: base64` texts of answers come in base64.
 * https://upstash.com/docs/redis/features/restapi
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Redis } from "ioredis";

export interface RestFront {
  readonly url: string;
  readonly token: string;
  close(): Promise<void>;
}

export async function startRestFront(redisPort: number): Promise<RestFront> {
  const redis = new Redis(redisPort, "127.0.0.1");
  redis.on("error", () => {});
  const token = "a-token";

  async function answer(
    command: readonly unknown[],
    encode: (value: unknown) => unknown,
  ): Promise<object> {
    try {
      const [name, ...args] = command.map(String) as [string, ...string[]];
      return { result: encode(await redis.call(name, ...args)) };
    } catch (error) {
      return { error: (error as Error).message };
    }
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", async () => {
      if (request.headers.authorization !== `Bearer ${token}`) {
        response.writeHead(401).end(JSON.stringify({ error: "Unauthorized" }));
        return;
      }
      const encode =
        request.headers["upstash-encoding"] === "base64" ? toBase64 : (value: unknown) => value;
      const body = JSON.parse(String(Buffer.concat(chunks))) as unknown[];
      const many = request.url?.endsWith("/pipeline") || request.url?.endsWith("/multi-exec");
      const result = many
        ? await Promise.all((body as unknown[][]).map((command) => answer(command, encode)))
        : await answer(body, encode);
      const failed = "error" in result;
      response.writeHead(failed ? 400 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify(result));
    });
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    close: async () => {
      redis.disconnect();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function toBase64(value: unknown): unknown {
  if (typeof value === "string") return Buffer.from(value).toString("base64");
  return Array.isArray(value) ? value.map(toBase64) : value;
}
