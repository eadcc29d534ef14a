/** Trouble is said in plain words, with its code, and at the field it concerns. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Page } from "playwright-core";
import {
  chooseModel,
  openPlayground,
  prompt,
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
});
afterEach(async () => {
  await page.context().close();
  playground.emulator.reset();
});

const alert = () => stage(page).getByRole("alert");

test("a complaint of the model stands at its field, in words and for screen readers", async () => {
  await chooseModel(page, "fails as asked");
  await runButton(page).click();
  await alert().waitFor();
  expect(await alert().innerText()).toMatch(/rejected the input[^]*Prompt This is required[^]*422/);
  expect(await prompt(page).getAttribute("aria-invalid")).toBe("true");
  const note = page.locator(`#${await prompt(page).getAttribute("aria-describedby")}`);
  expect(await note.innerText()).toBe("This is required.");

  await prompt(page).fill("Better");
  expect(await prompt(page).getAttribute("aria-invalid")).toBe("false");
});

test("values out of range are reported for every field at once", async () => {
  await prompt(page).fill("Too many");
  await page.getByLabel("Pictures").fill("99");
  await page.getByRole("button", { name: "As JSON" }).click();
  const box = page.getByLabel("Input as JSON");
  await box.fill('{"prompt": "x", "num_images": 99, "num_inference_steps": 0}');
  await runButton(page).click();
  await alert().waitFor();
  const text = await alert().innerText();
  expect(text).toContain("Pictures Input should be less than or equal to 4");
  expect(text).toContain("num_inference_steps: Input should be greater than or equal to 1");
});

test("a failure of the model's own kind", async () => {
  await chooseModel(page, "fails as asked");
  await page.getByLabel("Failure").selectOption("content_policy_violation");
  await runButton(page).click();
  await alert().waitFor();
  expect(await alert().innerText()).toContain("The model declined this input");
  expect(await alert().innerText()).toContain("422 content_policy_violation");
});

describe("answers of fal", () => {
  const locked = "User is locked. Reason: Exhausted balance. Top up your balance.";
  const cases: Array<[status: number, body: unknown, title: string, code: string]> = [
    [401, { detail: "Cannot access application" }, "The key was not accepted", "401"],
    [
      402,
      { message: "No", code: "budget_exhausted" },
      "The budget is used up",
      "402 budget_exhausted",
    ],
    [403, { detail: locked }, "The fal account is locked", "403"],
    [404, { detail: "Application not found" }, "No such model", "404"],
    [413, { detail: "Payload too large" }, "The input is too large", "413"],
    [
      500,
      { detail: "Internal error", error_type: "internal_error" },
      "The model failed",
      "500 internal_error",
    ],
  ];
  test.each(cases)("%i", async (status, body, title, code) => {
    const answer = { status, body: JSON.stringify(body) };
    playground.emulator.script({ method: "POST", host: "queue.fal.run", ...answer });
    await prompt(page).fill("Anything");
    await runButton(page).click();
    await alert().getByRole("heading", { name: title }).waitFor();
    expect(await alert().innerText()).toContain(code);
    expect(playground.emulator.requests).toHaveLength(1);
  });

  test("an answer that is no JSON", async () => {
    playground.emulator.script({ method: "POST", status: 418, body: "<h1>teapot</h1>" });
    await prompt(page).fill("Anything");
    await runButton(page).click();
    await alert().waitFor();
    expect(await alert().innerText()).toContain("The request was refused");
    expect(await alert().innerText()).not.toContain("<h1>");
  });
});

test("says that the client tries again, and gives up with the reason", async () => {
  const body = JSON.stringify({ detail: "Limit", error_type: "concurrent_requests_limit" });
  playground.emulator.script({ host: "fal.run", status: 429, body });
  await prompt(page).fill("Me too");
  await page.getByText("Direct").click();
  await runButton(page).click();
  await stage(page).getByText("fal answered 429; the client tries again").first().waitFor();
  await alert().getByRole("heading", { name: "Too much at once" }).waitFor();
  expect(await alert().innerText()).toContain("429 concurrent_requests_limit");
  expect(playground.emulator.requests).toHaveLength(4);

  playground.emulator.reset();
  await alert().getByRole("button", { name: "Run it again" }).click();
  await untilSpoken(page, "Done");
});

test("a gateway that is gone", async () => {
  await page.context().setOffline(true);
  await prompt(page).fill("Anyone?");
  await runButton(page).click();
  await alert().getByRole("heading", { name: "The gateway does not answer" }).waitFor();
});

test("an empty prompt is asked for before anything is sent", async () => {
  await runButton(page).click();
  await page.getByText("Write something first.").waitFor();
  expect(await prompt(page).evaluate((box) => box === document.activeElement)).toBe(true);
  expect(playground.emulator.requests).toHaveLength(0);
});
