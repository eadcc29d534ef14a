/** The page works by keyboard, on a phone and on a desk, in light and dark, and stands still. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BrowserContextOptions, Page } from "playwright-core";
import {
  chooseModel,
  openPlayground,
  prompt,
  runButton,
  screenshot,
  stage,
  untilSpoken,
  type Playground,
} from "./playground.ts";

let playground: Playground;

beforeAll(async () => {
  playground = await openPlayground();
});
afterAll(() => playground.close());

describe("by keyboard alone", () => {
  const focused = (page: Page) =>
    page.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      const ringed = [element, element.closest("label")].some(
        (one) => one && getComputedStyle(one).outlineStyle !== "none",
      );
      return { name: element.getAttribute("name") ?? element.getAttribute("role"), ringed };
    });

  test("a model is found, described, run and cancelled", async () => {
    const page = await playground.visit();
    const { keyboard } = page;
    await keyboard.press("Tab");
    expect(await focused(page)).toEqual({ name: "combobox", ringed: true });

    await keyboard.type("sdxl");
    await keyboard.press("Escape");
    await keyboard.type("diffusion");
    await keyboard.press("ArrowDown");
    await keyboard.press("ArrowUp");
    await keyboard.press("Enter");
    await page.getByText("fal-ai/fast-sdxl").waitFor();

    await keyboard.press("Tab");
    expect(await focused(page)).toEqual({ name: "prompt", ringed: true });
    await keyboard.type("A red silk scarf");
    await keyboard.press("Control+Enter");
    await untilSpoken(page, "Running");
    await keyboard.press("Escape");
    await untilSpoken(page, "Cancelled");

    await keyboard.press("Control+Enter");
    await untilSpoken(page, "Done");
    await page.locator('figure img[alt="A red silk scarf"]').waitFor();
    await page.context().close();
  });

  test("every stop of the Tab key has a name and shows where it is", async () => {
    const page = await playground.visit();
    await chooseModel(page, "flux.1 dev, from a picture");
    const seen: string[] = [];
    for (let stops = 0; stops < 40; stops++) {
      await page.keyboard.press("Tab");
      const stop = await page.evaluate(() => {
        const element = document.activeElement as HTMLElement & {
          labels?: NodeListOf<HTMLElement>;
        };
        if (element === document.body) return undefined;
        const labelledBy = document.getElementById(element.getAttribute("aria-labelledby") ?? "");
        const name =
          element.getAttribute("aria-label") ??
          (labelledBy ?? element.labels?.[0] ?? element).innerText;
        const rings = [
          element,
          element.closest("label"),
          element.parentElement?.querySelector(".drop"),
        ];
        const ringed = rings.some((one) => one && getComputedStyle(one).outlineStyle === "solid");
        return { name: name.trim().replace(/\n[^]*/, ""), ringed };
      });
      if (stop === undefined) break;
      expect(stop).toEqual({ name: expect.stringMatching(/\S/), ringed: true });
      seen.push(stop.name);
    }
    expect(seen).toEqual(
      expect.arrayContaining(["Picture", "Prompt", "Change", "Seed", "Run", "Log"]),
    );
    await page.context().close();
  });

  test("the tabs answer to arrow keys", async () => {
    const page = await playground.visit();
    await page.getByRole("tab", { name: "Log" }).focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    const selected = page.getByRole("tab", { selected: true });
    expect(await selected.innerText()).toBe("Input");
    expect(await selected.evaluate((tab) => tab === document.activeElement)).toBe(true);
    await page.context().close();
  });
});

describe.each<[string, BrowserContextOptions]>([
  ["phone", { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }],
  ["small phone", { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true }],
  ["desk", { viewport: { width: 1440, height: 900 } }],
])("on a %s", (device, options) => {
  test.each(["light", "dark"] as const)("%s: nothing sticks out, nothing jumps", async (scheme) => {
    const page = await playground.visit({ ...options, colorScheme: scheme });
    const shot = (name: string) => screenshot(page, `${device}-${scheme}-${name}`);
    const overflow = () =>
      page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
    await page.evaluate(() => {
      const moved: number[] = ((window as { moved?: number[] }).moved = []);
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) moved.push((entry as { value?: number }).value ?? 0);
      }).observe({ type: "layout-shift", buffered: true });
    });
    await shot("empty");
    expect(await overflow()).toBe(0);

    await page.getByRole("combobox").click();
    expect(await overflow()).toBe(0);
    await page.keyboard.press("Escape");

    await prompt(page).fill("A lighthouse at dusk, long exposure, mist over the sea");
    await runButton(page).click();
    await untilSpoken(page, "Running");
    await shot("running");
    await untilSpoken(page, "Done");
    await page.waitForTimeout(1000);
    await shot("done");
    expect(await overflow()).toBe(0);
    const shifts = await page.evaluate(() => (window as { moved?: number[] }).moved ?? []);
    expect(shifts.reduce((sum, value) => sum + value, 0)).toBeLessThan(0.02);

    await chooseModel(page, "fails as asked");
    await runButton(page).click();
    await stage(page).getByRole("alert").waitFor();
    await shot("failed");
    expect(await overflow()).toBe(0);
    await page.context().close();
  });

  test("a run brings its result into view", async () => {
    const page = await playground.visit({ ...options, reducedMotion: "reduce" });
    await prompt(page).fill("Sea");
    await runButton(page).click();
    await untilSpoken(page, "Done");
    const { top, bottom } = await stage(page)
      .locator("figure img")
      .evaluate((image) => image.getBoundingClientRect());
    const height = options.viewport?.height ?? 0;
    expect(top).toBeGreaterThanOrEqual(0);
    expect(bottom).toBeLessThanOrEqual(height);
    await page.context().close();
  });
});
