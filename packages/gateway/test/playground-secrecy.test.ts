/** Nothing that the browser receives holds the key, whatever the page does. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Browser, Response } from "playwright-core";
import { createEmulator, type Emulator } from "fal-emulator";
import { createGateway, type Gateway } from "fal-gateway";
import { chooseModel, openBrowser, prompt, runButton, untilSpoken, visit } from "./playground.ts";

const KEY = "5ec4e700-0000-4000-8000-0000000000ff:d0n0tsh0wth1st0any0ne";
let browser: Browser;
let emulator: Emulator;
let gateway: Gateway;

beforeAll(async () => {
  browser = await openBrowser();
  emulator = await createEmulator({ keys: [KEY], latency: 0.2 });
  gateway = await createGateway({ port: 0, key: KEY, upstream: emulator.url });
});
afterAll(async () => {
  await browser.close();
  await gateway.close(0);
  await emulator.close();
});

test("the key is used for every call and received in no answer", async () => {
  const page = await visit(browser, gateway.url);
  const received: Array<Promise<string>> = [];
  const read = async (response: Response): Promise<string> => {
    const body = await response.body().catch(() => Buffer.alloc(0));
    return `${response.url()} ${JSON.stringify(await response.allHeaders())} ${body.toString("latin1")}`;
  };
  page.on("response", (response) => received.push(read(response)));
  await page.reload();

  await prompt(page).fill("Something secret");
  await runButton(page).click();
  await untilSpoken(page, "Done");
  await chooseModel(page, "any llm");
  await runButton(page).click();
  await untilSpoken(page, "Done");
  emulator.script({ host: "queue.fal.run", status: 401, body: '{"detail":"No"}' });
  await chooseModel(page, "flux.1 dev");
  await runButton(page).click();
  await untilSpoken(page, "Failed");

  const fal = emulator.requests.filter(({ host }) => host.endsWith("fal.run"));
  expect(fal.length).toBeGreaterThan(4);
  for (const { headers } of fal) expect(headers["authorization"]).toBe(`Key ${KEY}`);

  const all = (await Promise.all(received)).join("\n");
  expect(all).toContain("/playground.json");
  expect(all).toContain("x-fal-request-id");
  const [id = "", secret = ""] = KEY.split(":");
  expect(all).not.toContain(id);
  expect(all).not.toContain(secret);
  const kept = await page.evaluate(() => JSON.stringify(sessionStorage) + document.cookie);
  expect(kept).not.toContain(secret);
});
