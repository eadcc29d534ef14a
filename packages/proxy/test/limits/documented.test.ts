/** What the README shows of limits, run as it stands there. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createEmulator } from "fal-emulator";
import { afterAll, expect, test, vi } from "vitest";

const root = join(import.meta.dirname, "../../../..");
// Where the package is found by its name.
const folder = join(root, "node_modules/.cache/readme");
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

test("the example of the README refuses what is beyond its limits, and says what is left", async () => {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const [, example] = /## Limits, credits[^]*?```ts\n([^]*?)```/.exec(readme) ?? [];
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "fal.mjs");
  writeFileSync(file, (example ?? "").replaceAll("falPrices()", "falPrices({}, { list: false })"));
  const fal = await createEmulator({ latency: 0 });
  vi.stubEnv("FAL_PROXY_UPSTREAM", fal.url);
  vi.stubEnv("FAL_KEY", fal.key);
  const app = (await import(pathToFileURL(file).href)) as Record<
    "proxy" | "usage",
    (request: Request) => Promise<Response>
  >;
  const ask = (user: string, input: object): Promise<Response> =>
    app.proxy(
      new Request("http://app.example/api/fal/proxy", {
        method: "POST",
        body: JSON.stringify(input),
        headers: {
          "x-user": user,
          "x-fal-target-url": "https://fal.run/fal-ai/flux/dev",
          "content-type": "application/json",
        },
      }),
    );
  const small = { prompt: "a cat", image_size: { width: 64, height: 64 }, num_images: 4 };
  // Twenty of ten cents are two dollars.
  const answers: number[] = [];
  for (let round = 0; round < 21; round++) answers.push((await ask("42", small)).status);
  expect(answers).toEqual([...Array.from({ length: 20 }, () => 200), 429]);
  expect((await ask("", small)).status).toBe(401);
  const usage = await app.usage(
    new Request("http://app.example/usage", { headers: { "x-user": "42" } }),
  );
  expect(await usage.json()).toMatchObject({
    limits: [
      { unit: "inFlight", limit: "3", left: "3" },
      { unit: "calls", per: "1m", left: "0" },
      { unit: "usd", per: "day", limit: "2", used: "2", left: "0" },
    ],
  });
  await fal.close();
});
