// The Pages Router app, built and started for production, in front of a local fal.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { judge } from "../../../packages/proxy/test/conformance/judge.ts";
import { apps } from "../../testing/apps.mjs";
import { testDeployment } from "../../testing/deployment-suite.ts";
import { startNextDev } from "../../testing/next-app.ts";
import { testMembers } from "../../testing/members-suite.ts";
import { testPage } from "../../testing/page-suite.ts";
import { testBytes, testRoute } from "../../testing/route-suite.ts";
import { useSite } from "../../testing/site.ts";

const site = useSite("nextjs-pages-router");
const MiB = 1024 * 1024;

describe("the documented file, on the bare path, by the rewrite", () => {
  test("is the documented snippet", () => {
    const path = join(import.meta.dirname, "../pages/api/fal/proxy/[...path].ts");
    expect(readFileSync(path, "utf8")).toBe(
      'import { createPageRouterHandler } from "@fal-ai/server-proxy/nextjs";\n\n' +
        "export default createPageRouterHandler();\n",
    );
  });
  testRoute(site, "/api/fal/proxy");
});

describe("the documented file, below the bare path", () => {
  testRoute(site, "/api/fal/proxy/anything");
});

describe("with Next's body parser", () => {
  const post = (body: string | Uint8Array<ArrayBuffer>, contentType: string, connection = "") =>
    site.call("/api/fal/proxy", "https://fal.run/fal-ai/echo", {
      method: "POST",
      headers: { "content-type": contentType, ...(connection && { connection }) },
      body,
    });
  const sent = () => new TextDecoder().decode(site.fal.requests[0]?.body);

  test("sends JSON with the same meaning", async () => {
    const response = await post('{ "prompt": "ünïcode",\n "n": [1, null] }', "application/json");
    expect(response.status).toBe(200);
    expect(JSON.parse(sent())).toEqual({ prompt: "ünïcode", n: [1, null] });
  });
  test("sends text as it is", async () => {
    expect((await post("plain ünïcode", "text/plain")).status).toBe(200);
    expect(sent()).toBe("plain ünïcode");
  });
  test("refuses bytes that the parser has made text of, rather than send others", async () => {
    const response = await post(Uint8Array.of(0, 255, 254, 128), "application/octet-stream");
    expect([response.status, await response.json()]).toMatchObject([
      500,
      { code: "body_unavailable" },
    ]);
    expect(site.fal.requests).toEqual([]);
  });
  test("refuses more than Next's 1 MB with a 413", async () => {
    // Next resets the connection of a body that it did not read to its end.
    const response = await post(JSON.stringify("x".repeat(2 * MiB)), "application/json", "close");
    expect(response.status).toBe(413);
    expect(await response.text()).toContain("1mb");
    expect(site.fal.requests).toEqual([]);
  });
});

describe("[[...path]].ts without the body parser", () => {
  testRoute(site, "/api/fal/raw");
  testBytes(site, "/api/fal/raw", [2 * MiB, 50 * MiB]);

  test("refuses more than 50 MiB with a 413", async () => {
    const body = randomBytes(50 * MiB + 1);
    const response = await site.call("/api/fal/raw", "https://fal.run/fal-ai/echo", {
      method: "POST",
      body,
    });
    expect([response.status, await response.json()]).toMatchObject([
      413,
      { code: "body_too_large" },
    ]);
    expect(site.fal.requests).toEqual([]);
  });
});

describe("the deprecated name", () => {
  testRoute(site, "/api/fal/legacy");
});

describe("members.ts with options", () => testMembers(site));

describe("the page", () => testPage(site));

const app = "nextjs-pages-router";

describe("a deployment", () => testDeployment(site, app, ["/api/fal/proxy", "/api/fal/raw"]));

judge("nextjs-pages", apps["nextjs-pages"]);

describe("A4: next dev", () => {
  test("has nothing to say of a call, a stream or a refusal", async () => {
    const { key: FAL_KEY, url: FAL_PROXY_UPSTREAM } = site.fal;
    const app = await startNextDev("nextjs-pages-router", { FAL_KEY, FAL_PROXY_UPSTREAM });
    try {
      const ask = (target: string) =>
        fetch(`${app.url}/api/fal/proxy`, {
          method: "POST",
          headers: { "x-fal-target-url": target, "content-type": "application/json" },
          body: '{"prompt":"x"}',
        });
      const targets = [
        "https://fal.run/fal-ai/echo",
        "https://fal.run/fal-ai/any-llm/stream",
        "https://elsewhere.example/",
      ];
      const statuses: number[] = [];
      for (const target of targets) {
        const response = await ask(target);
        await response.arrayBuffer();
        statuses.push(response.status);
      }
      expect(statuses).toEqual([200, 200, 400]);
      // It has printed the call's own line, so a complaint would be there as well.
      expect(app.printed()).toContain("POST /api/fal/proxy");
      expect(app.printed()).not.toMatch(/without sending a response|stalled|warn|error/i);
    } finally {
      await app.stop();
    }
  }, 120_000);
});
