/** A file goes from the visitor to fal's storage and into the input, and says how far it is. */
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
  await chooseModel(page, "flux.1 dev, from a picture");
});
afterEach(async () => {
  await page.context().close();
  playground.emulator.reset();
});

const picker = () => page.getByLabel("Picture", { exact: true });
const field = () => page.locator(".attachment");
const uploads = () => playground.emulator.requests.filter(({ method }) => method === "PUT");

/** A picture as a browser draws it. */
async function drawing(): Promise<{ name: string; mimeType: string; buffer: Buffer }> {
  const base64 = await page.evaluate(() => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 96;
    const pen = canvas.getContext("2d");
    if (pen) pen.fillStyle = "tomato";
    pen?.fillRect(8, 8, 80, 80);
    return canvas.toDataURL("image/png").split(",")[1] ?? "";
  });
  return { name: "tomato.png", mimeType: "image/png", buffer: Buffer.from(base64, "base64") };
}

test("an attached picture is uploaded, shown, and used as image_url", async () => {
  const file = await drawing();
  await picker().setInputFiles(file);
  await field().getByText("Uploaded").waitFor();
  const [upload] = uploads();
  expect(upload?.bodyLength).toBe(file.buffer.length);
  expect(upload?.headers["authorization"]).toBeUndefined();
  await page.waitForFunction(
    () => document.querySelector<HTMLImageElement>(".attachment img")?.naturalWidth === 96,
  );

  await prompt(page).fill("The same in snow");
  await runButton(page).click();
  await untilSpoken(page, "Done");
  const { image_url: url } = JSON.parse(await readTab(page, "Input")) as { image_url: string };
  expect(url).toContain("tomato");
});

test("says how far the upload is, and Run waits for it", async () => {
  playground.emulator.script({ method: "PUT", times: 1, delayMs: 700 });
  await picker().setInputFiles({
    name: "large.png",
    mimeType: "image/png",
    buffer: Buffer.alloc(3_000_000),
  });
  await field()
    .getByText(/Uploading, \d+ %/)
    .waitFor();
  expect(await page.getByRole("button", { name: "Uploading…" }).isDisabled()).toBe(true);
  await field().getByText("Uploaded, 3.0 MB").waitFor();
  expect(await runButton(page).isEnabled()).toBe(true);
});

test("an upload can be stopped, and a picture removed", async () => {
  playground.emulator.script({ method: "PUT", times: 1, delayMs: 5000 });
  await picker().setInputFiles(await drawing());
  await field().getByRole("button", { name: "Stop the upload" }).click();
  await field().getByText("Attach a picture").waitFor();

  await picker().setInputFiles(await drawing());
  await field().getByText("Uploaded").waitFor();
  await field().getByRole("button", { name: "Remove" }).click();
  expect(await readTab(page, "Input")).not.toContain("image_url");
});

test("a failed upload says so where the file is", async () => {
  playground.emulator.script({ method: "PUT", status: 403, body: '{"detail":"Expired"}' });
  await picker().setInputFiles(await drawing());
  await field().getByText("Not uploaded").waitFor();
  expect(await field().innerText()).toContain("Not permitted");
});

test("a picture can be pasted", async () => {
  const { buffer } = await drawing();
  await page.evaluate(
    (bytes) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(bytes)], "pasted.png", { type: "image/png" }));
      const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
      document.querySelector(".attachment .drop")?.dispatchEvent(event);
    },
    [...buffer],
  );
  await field().getByText("Uploaded").waitFor();
});

test("a picture that the model needs is asked for before anything is sent", async () => {
  await prompt(page).fill("Without one");
  await runButton(page).click();
  await field().getByText("Attach a file first.").waitFor();
  expect(playground.emulator.requests).toHaveLength(0);
  expect(await stage(page).innerText()).toContain("Nothing has been run yet");
});
