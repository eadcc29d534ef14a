/** What a model made is really shown: pictures, clips, sounds, data; with its id, its code and its place in the visit. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
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
  await page?.context().close();
  page = await playground.visit({ permissions: ["clipboard-read", "clipboard-write"] });
});

const pictures = () => stage(page).locator("figure img");
const naturalWidth = (image: HTMLImageElement | SVGElement) =>
  (image as HTMLImageElement).decode().then(() => (image as HTMLImageElement).naturalWidth);

test("a prompt becomes a picture", async () => {
  await page.getByRole("button", { name: /lighthouse/ }).click();
  await runButton(page).click();
  await untilSpoken(page, "Done");
  expect(await pictures().count()).toBe(1);
  expect(await pictures().evaluate(naturalWidth)).toBeGreaterThanOrEqual(512);
  expect(await pictures().getAttribute("alt")).toContain("lighthouse");
  expect(JSON.parse(await readTab(page, "Result"))).toHaveProperty("images.0.url");
});

test("asks for as many pictures, of the shape and the seed that were chosen", async () => {
  await prompt(page).fill("Dunes");
  await page.getByText("9:16").click();
  await page.getByLabel("Pictures").fill("3");
  await page.getByRole("button", { name: "Roll a seed" }).click();
  await runButton(page).click();
  await untilSpoken(page, "Done");
  expect(await pictures().count()).toBe(3);
  expect(await pictures().first().evaluate(naturalWidth)).toBe(576);
  const input = JSON.parse(await readTab(page, "Input")) as Record<string, unknown>;
  expect(input).toMatchObject({ prompt: "Dunes", image_size: "portrait_16_9", num_images: 3 });
  expect(input["seed"]).toBeTypeOf("number");
});

test("the request id is shown, is fal's, and can be copied", async () => {
  await prompt(page).fill("Silk");
  await runButton(page).click();
  await untilSpoken(page, "Done");
  await page.getByRole("button", { name: "Copy the request id" }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  const { requests } = playground.emulator;
  expect(requests.some(({ path }) => path.includes(`/requests/${copied}/status`))).toBe(true);
  expect(await stage(page).innerText()).toContain(copied);
});

test("a clip plays", async () => {
  await chooseModel(page, "kling 2.1");
  await prompt(page).fill("A paper boat");
  await runButton(page).click();
  const video = stage(page).locator("video");
  await video.waitFor({ timeout: 25_000 });
  await page.waitForFunction(() => (document.querySelector("video")?.currentTime ?? 0) > 0);
  expect(await video.evaluate((clip: HTMLVideoElement) => clip.videoWidth)).toBeGreaterThan(0);
});

test("a voice can be heard", async () => {
  await chooseModel(page, "kokoro");
  await prompt(page).fill("The last train leaves at midnight.");
  await runButton(page).click();
  await untilSpoken(page, "Done");
  await page.waitForFunction(() => (document.querySelector("audio")?.duration ?? 0) > 0.5);
});

test("any endpoint id can be typed, and its data is shown", async () => {
  await chooseModel(page, "https://fal.ai/models/fal-ai/echo");
  await prompt(page).fill("Hello there");
  await page.getByText("Direct").click();
  await runButton(page).click();
  await untilSpoken(page, "Done");
  expect(await readTab(page, "Result")).toContain("Hello there");
  const last = playground.emulator.requests.findLast(({ method }) => method === "POST");
  expect(last).toMatchObject({ method: "POST", host: "fal.run", path: "/fal-ai/echo" });
});

test("the input can be written as JSON, and goes out as written", async () => {
  await prompt(page).fill("Night sky");
  await page.getByRole("button", { name: "As JSON" }).click();
  const box = page.getByLabel("Input as JSON");
  expect(await box.inputValue()).toContain("Night sky");

  await box.fill("{ no");
  expect(await page.getByRole("button", { name: "Mend the JSON first" }).isDisabled()).toBe(true);

  await box.fill('{"prompt": "Night sky", "image_size": {"width": 640, "height": 512}}');
  await runButton(page).click();
  await untilSpoken(page, "Done");
  expect(await pictures().evaluate(naturalWidth)).toBe(640);
});

test("the code tab is the run as the client's code", async () => {
  await chooseModel(page, "any llm");
  await prompt(page).fill("Why?");
  const code = await readTab(page, "Code");
  expect(code).toContain('fal.config({ proxyUrl: "/api/fal/proxy" })');
  expect(code).toContain('fal.stream("fal-ai/any-llm"');
  expect(code).toContain('"prompt": "Why?"');
});

test("the runs of a visit stay, through a reload, and can be looked at again", async () => {
  for (const words of ["First of all", "Second to none"]) {
    await prompt(page).fill(words);
    await runButton(page).click();
    await page.locator(`figure img[alt="${words}"]`).waitFor();
  }
  await page.reload();
  const frames = page.getByRole("region", { name: "This visit" }).getByRole("listitem");
  expect(await frames.count()).toBe(2);
  await frames.last().getByRole("button").click();
  await page.locator('figure img[alt="First of all"]').waitFor();
  expect(await prompt(page).inputValue()).toBe("First of all");
});

test("a picture becomes the input of the next model", async () => {
  await prompt(page).fill("Sea");
  await runButton(page).click();
  await stage(page).getByRole("button", { name: "Use as input" }).click();
  await page.getByRole("form").getByText("fal-ai/flux/dev/image-to-image").waitFor();
  await runButton(page).click();
  await stage(page).getByText("fal-ai/flux/dev/image-to-image").waitFor();
  const { image_url: url } = JSON.parse(await readTab(page, "Input")) as { image_url: string };
  expect(url).toContain("/v3.fal.media/files/");
});
