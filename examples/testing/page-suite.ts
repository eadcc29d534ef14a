// What a person can do on the example page, in a real browser with the real fal client (rows C3 and C9).
import { randomBytes } from "node:crypto";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { Site } from "./site.ts";

/** A PNG of 64×64, all of one colour. */
const PICTURE = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAIAAAAlC+aJAAAAT0lEQVR42u3PQQkAAAgEsOtkJzvZ1gi+hcEKLNXzWgQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQELgvaSCEeGLTzSwAAAABJRU5ErkJggg==",
  "base64",
);

export function testPage(site: Site): void {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-background-networking", "--disable-quic", "--no-first-run"],
    });
  });
  afterAll(() => browser?.close());

  /** The page, opened; at the end of the test nothing that it received may hold the key. */
  async function open(): Promise<Page> {
    const page = await (browser as Browser).newPage();
    const received: string[] = [];
    page.on("response", async (response) => {
      received.push(JSON.stringify(await response.allHeaders()));
      received.push(await response.text().catch(() => ""));
    });
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    onTestFinished(async () => {
      await page.close();
      const [, secret] = site.fal.key.split(":");
      expect(received.length).toBeGreaterThan(0);
      expect(received.filter((text) => text.includes(secret as string))).toEqual([]);
      expect(problems).toEqual([]);
    });
    await page.goto(site.app.url);
    return page;
  }

  const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
  const paintedSize = (page: Page): Promise<number> =>
    page.getByAltText("The picture").evaluate(async (picture: HTMLImageElement) => {
      await picture.decode();
      return picture.naturalWidth;
    });
  const operations = (): string[] =>
    site.fal.requests
      .filter(({ method }) => method !== "OPTIONS")
      .map(({ method, host, path }) => `${method} ${host}${path.split("?")[0]}`);

  test("paints a picture from words", async () => {
    const page = await open();
    await page.getByLabel("What should it show?").fill("a fox in the snow");
    await button(page, "Paint").click();
    await page.getByAltText("The picture").waitFor();
    expect(await paintedSize(page)).toBeGreaterThan(0);
    expect(operations()[0]).toBe("POST queue.fal.run/fal-ai/flux/dev");
    expect(site.fal.requests[0]?.headers["authorization"]).toBe(`Key ${site.fal.key}`);
  });

  test("paints from an uploaded picture", async () => {
    const page = await open();
    // A picture, and more than fits into one read behind its end.
    const bytes = Buffer.concat([PICTURE, randomBytes(1_500_000)]);
    const file = { name: "start.png", mimeType: "image/png", buffer: bytes };
    await page.getByLabel("Start from a picture").setInputFiles(file);
    await button(page, "Paint").click();
    await page.getByAltText("The picture").waitFor();
    expect(await paintedSize(page)).toBeGreaterThan(0);
    expect(operations()).toContain("POST rest.fal.ai/storage/upload/initiate");
    expect(site.fal.requests.map(({ bodyLength }) => bodyLength)).toContain(bytes.length);
    expect(operations()).toContain("POST queue.fal.run/fal-ai/flux/dev/image-to-image");
  });

  test("cancels a picture, and fal hears of it", async () => {
    const page = await open();
    await button(page, "Paint").click();
    await button(page, "Cancel").click();
    await button(page, "Cancel").waitFor({ state: "detached" });
    await expect
      .poll(operations)
      .toContainEqual(
        expect.stringMatching(/^PUT queue\.fal\.run\/fal-ai\/flux\/requests\/.+\/cancel$/),
      );
    expect(await page.getByAltText("The picture").count()).toBe(0);
  });

  test("writes a text that grows", async () => {
    const page = await open();
    await page.getByLabel("What do you want to know?").fill("Where do rivers end?");
    await button(page, "Write").click();
    const answer = page.getByRole("status").last();
    const lengths = new Set<number>();
    await expect
      .poll(
        async () => {
          const text = (await answer.textContent()) ?? "";
          if (text !== "") lengths.add(text.length);
          return text;
        },
        { interval: 40, timeout: 20_000 },
      )
      .toMatch(/Where do rivers end\?[^]+[🙂🔁🚀]/u);
    expect(lengths.size).toBeGreaterThan(3);
  });

  test("stops a text, and fal with it", async () => {
    const page = await open();
    await button(page, "Write").click();
    // Stopped before it was sent, there would be nothing for fal to notice.
    await expect.poll(() => site.fal.requests.length).toBe(1);
    await button(page, "Stop").click();
    await button(page, "Stop").waitFor({ state: "detached" });
    const [request] = site.fal.requests;
    await request?.closed;
    expect(request).toMatchObject({ path: "/fal-ai/any-llm/stream", aborted: true });
  });
}
