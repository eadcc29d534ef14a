/** A queued run can be followed while it waits and works, and stopped at any moment. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Page } from "playwright-core";
import {
  chooseModel,
  openPlayground,
  prompt,
  readTab,
  runButton,
  spoken,
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
});
afterEach(async () => {
  await page.context().close();
  playground.emulator.reset();
});

const cancels = () => playground.emulator.requests.filter(({ method }) => method === "PUT");

test("shows the place in the queue", async () => {
  playground.emulator.script({
    host: "queue.fal.run",
    path: /\/status/,
    times: 3,
    status: 202,
    body: JSON.stringify({
      status: "IN_QUEUE",
      queue_position: 7,
      response_url: "",
      request_id: "",
    }),
  });
  await prompt(page).fill("Patience");
  await runButton(page).click();
  await stage(page).getByText("7 ahead in the queue").waitFor();
  expect(await spoken(page).textContent()).toBe("In the queue, 7 ahead.");
  await untilSpoken(page, "Done");
});

test("shows progress and log lines while the model works, and how long it has taken", async () => {
  await chooseModel(page, "flux.1 dev");
  await prompt(page).fill("Step by step");
  await runButton(page).click();
  await untilSpoken(page, "Running");
  const bar = stage(page).getByRole("progressbar");
  await bar.waitFor();
  const early = Number(await bar.getAttribute("value"));
  const lines = page.getByRole("tabpanel").getByRole("listitem");
  const earlyLines = await lines.count();
  const clock = stage(page).locator(".elapsed");
  const earlyClock = Number.parseFloat(await clock.innerText());
  await page.waitForFunction(
    (value) => Number(document.querySelector(".stage progress")?.getAttribute("value")) > value,
    early,
  );
  expect(await lines.count()).toBeGreaterThan(earlyLines);
  expect(Number.parseFloat(await clock.innerText())).toBeGreaterThan(earlyClock);
  expect(await page.title()).toContain("Running");
  await untilSpoken(page, "Done");
  expect(await readTab(page, "Log")).toContain("28/28");
  expect(await page.title()).toBe("fal playground");
});

test("Cancel stops the job at fal", async () => {
  await chooseModel(page, "takes its time");
  await runButton(page).click();
  await untilSpoken(page, "Running");
  await page.getByRole("button", { name: /^Cancel/ }).click();
  await untilSpoken(page, "Cancelled");
  expect(cancels()).toHaveLength(1);
  expect(cancels()[0]?.path).toMatch(/^\/fal-ai\/slow\/requests\/[\w-]+\/cancel$/);
  await runButton(page).waitFor();

  const polls = playground.emulator.requests.length;
  await page.waitForTimeout(900);
  expect(playground.emulator.requests.length).toBe(polls);
});

test("a cancel before fal has accepted the job still reaches it", async () => {
  playground.emulator.script({ method: "POST", host: "queue.fal.run", times: 1, delayMs: 600 });
  await chooseModel(page, "takes its time");
  await runButton(page).click();
  await page.keyboard.press("Escape");
  await untilSpoken(page, "Cancelled");
  expect(cancels()).toHaveLength(1);
});

test("a direct call is cancelled by hanging up", async () => {
  await chooseModel(page, "takes its time");
  await page.getByText("Direct").click();
  await runButton(page).click();
  await untilSpoken(page, "Running");
  await page.waitForTimeout(400);
  await page.keyboard.press("Escape");
  await untilSpoken(page, "Cancelled");
  const call = playground.emulator.requests.find(({ host }) => host === "fal.run");
  await call?.closed;
  expect(call?.aborted).toBe(true);
});

test("a job whose line broke can be picked up again", async () => {
  await chooseModel(page, "takes its time");
  await page.getByLabel("Seconds").fill("3");
  await runButton(page).click();
  await untilSpoken(page, "Running");
  await page.context().setOffline(true);
  await stage(page).getByRole("heading", { name: "The gateway does not answer" }).waitFor();
  await page.context().setOffline(false);
  await page.getByRole("button", { name: "Pick it up again" }).click();
  await untilSpoken(page, "Done");
  const submits = playground.emulator.requests.filter(({ method }) => method === "POST");
  expect(submits).toHaveLength(1);
});
