/** A text appears while it is written, and hanging up stops it. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Page } from "playwright-core";
import {
  chooseModel,
  openPlayground,
  prompt,
  readTab,
  runButton,
  stage,
  untilSpoken,
  type Playground,
} from "./playground.ts";

let playground: Playground;
let page: Page;

beforeAll(async () => {
  playground = await openPlayground();
});
afterAll(() => playground.close());
beforeEach(async () => {
  page = await playground.visit();
  await chooseModel(page, "any llm");
  await prompt(page).fill("Say it word by word");
});
afterEach(async () => {
  await page.context().close();
  playground.emulator.reset();
});

const text = () => page.getByRole("region", { name: "Generated text" }).locator("p");
const streamCall = () => playground.emulator.requests.find(({ path }) => path.endsWith("/stream"));

test("the text grows while it is written", async () => {
  await runButton(page).click();
  await text().waitFor();
  const lengths = new Set<number>();
  while (lengths.size < 4) {
    lengths.add((await text().innerText()).length);
    await page.waitForTimeout(60);
  }
  await untilSpoken(page, "Done");
  const whole = await text().innerText();
  expect(whole.length).toBeGreaterThan(Math.max(...lengths));
  expect(whole).toContain("You wrote: “Say it word by word”");
  const { output } = JSON.parse(await readTab(page, "Result")) as { output: string };
  expect(whole.replaceAll(/\s+/g, " ")).toBe(output.replaceAll(/\s+/g, " "));
});

test("Cancel hangs up at fal and keeps what was written", async () => {
  await runButton(page).click();
  await text().filter({ hasText: "You wrote" }).waitFor();
  await page.keyboard.press("Escape");
  await untilSpoken(page, "Cancelled");
  await streamCall()?.closed;
  expect(streamCall()?.aborted).toBe(true);
  expect(await text().innerText()).toContain("You wrote");
});

test("a stream that breaks is told from a stream that ends", async () => {
  playground.emulator.script({ path: /\/stream$/, resetAtByte: 700 });
  await runButton(page).click();
  await stage(page).getByRole("heading", { name: "The line broke" }).waitFor();
  expect(await stage(page).locator("blockquote").innerText()).not.toBe("");
});

test("a complaint that arrives in the stream is a complaint", async () => {
  await page.getByRole("button", { name: "As JSON" }).click();
  await page.getByLabel("Input as JSON").fill("{}");
  await runButton(page).click();
  const alert = stage(page).getByRole("alert");
  await alert.getByRole("heading", { name: "The model rejected the input" }).waitFor();
  expect(await alert.innerText()).toContain("Prompt This is required.");
});

test("a workflow that fails half way says which status it met", async () => {
  const events = [
    { type: "submit", node_id: "a", app_id: "fal-ai/x", request_id: "1" },
    { type: "error", message: "Node a", error: { status: 402, body: { detail: "Empty" } } },
  ];
  playground.emulator.script({
    path: /\/stream$/,
    headers: [["content-type", "text/event-stream"]],
    body: events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""),
  });
  await runButton(page).click();
  const alert = stage(page).getByRole("alert");
  await alert.getByRole("heading", { name: "The budget is used up" }).waitFor();
});

test("a voice can be streamed too", async () => {
  await chooseModel(page, "kokoro");
  await page.getByText("Stream", { exact: true }).click();
  await runButton(page).click();
  await untilSpoken(page, "Done");
  await page.waitForFunction(() => (document.querySelector("audio")?.duration ?? 0) > 0.3);
});
