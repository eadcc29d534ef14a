/** Opens the playground of a real gateway in a real browser, for the tests beside this file. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import type { Emulator } from "fal-emulator";
import { createGateway, type Gateway } from "fal-gateway";

const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const ARTIFACTS = join(import.meta.dirname, "../../../.artifacts/playground");

export interface Playground {
  gateway: Gateway;
  emulator: Emulator;
  /** A page that has loaded; every page is a visit of its own. */
  visit(options?: BrowserContextOptions): Promise<Page>;
  close(): Promise<void>;
}

/** @throws Error that says how to install Chromium when it is missing */
export async function openPlayground(): Promise<Playground> {
  const browser = await openBrowser();
  const gateway = await createGateway({ port: 0 });
  return {
    gateway,
    emulator: gateway.emulator as Emulator,
    visit: (options) => visit(browser, gateway.url, options),
    close: async () => {
      await browser.close();
      await gateway.close(0);
    },
  };
}

export async function openBrowser(): Promise<Browser> {
  if (!existsSync(CHROMIUM)) {
    throw new Error(
      `Chromium is not at ${CHROMIUM}. Install it (Debian: apt-get install -y chromium) or name it in CHROMIUM.`,
    );
  }
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--disable-quic",
      "--no-first-run",
    ],
  });
}

export async function visit(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  await page.goto(`${url}/`);
  await page.getByRole("form").waitFor();
  return page;
}

/** Chooses a model as a visitor does: types a part of its name, or an endpoint id, and takes the first. */
export async function chooseModel(page: Page, text: string): Promise<void> {
  const box = page.getByRole("combobox", { name: "Model" });
  await box.click();
  await box.fill(text);
  await box.press("Enter");
}

export const prompt = (page: Page) => page.getByLabel("Prompt", { exact: true });
export const runButton = (page: Page) =>
  page.getByRole("form").getByRole("button", { name: /^Run/ });
export const stage = (page: Page) => page.getByRole("region", { name: "Result" });

/** What a screen reader is told of the run, such as `Done in 1.2 seconds.` */
export const spoken = (page: Page) => stage(page).getByRole("status");

/** Waits until the run has been announced as ended with this word. */
export async function untilSpoken(page: Page, word: string): Promise<void> {
  await spoken(page).filter({ hasText: word }).waitFor();
}

/** The text of one of the tabs below the stage. */
export async function readTab(page: Page, name: "Log" | "Result" | "Input" | "Code") {
  await page.getByRole("tab", { name }).click();
  return page.getByRole("tabpanel").innerText();
}

/** Keeps a picture of the page for people; the folder is not part of the repository. */
export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync(ARTIFACTS, { recursive: true });
  await page.screenshot({ path: join(ARTIFACTS, `${name}.png`) });
}
