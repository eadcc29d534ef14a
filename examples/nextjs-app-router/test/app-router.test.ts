// The App Router app, built and started for production, in front of a local fal.
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { judge } from "../../../packages/proxy/test/conformance/judge.ts";
import { apps } from "../../testing/apps.mjs";
import { testDeployment } from "../../testing/deployment-suite.ts";
import { testMembers } from "../../testing/members-suite.ts";
import { testPage } from "../../testing/page-suite.ts";
import { testBytes, testRoute } from "../../testing/route-suite.ts";
import { useSite } from "../../testing/site.ts";

const site = useSite("nextjs-app-router");
const MiB = 1024 * 1024;

describe("the documented route", () => {
  test("is the documented snippet", () => {
    const path = join(import.meta.dirname, "../app/api/fal/proxy/route.ts");
    expect(readFileSync(path, "utf8")).toBe(
      'import { createRouteHandler } from "@fal-ai/server-proxy/nextjs";\n\n' +
        "export const { GET, POST, PUT } = createRouteHandler();\n",
    );
  });
  testRoute(site, "/api/fal/proxy");
  testBytes(site, "/api/fal/proxy", [2 * MiB, 50 * MiB]);
});

describe("the route on the edge runtime", () => {
  testRoute(site, "/api/fal/edge");
  testBytes(site, "/api/fal/edge", [2 * MiB, 9 * MiB]);

  test("refuses a body that Next has cut off at 10 MB, with a 413", async () => {
    const response = await site.call("/api/fal/edge", "https://fal.run/fal-ai/echo", {
      method: "POST",
      body: randomBytes(12 * MiB),
    });
    expect([response.status, await response.json()]).toMatchObject([
      413,
      { code: "body_too_large" },
    ]);
    expect(site.fal.requests.filter(({ bodyComplete }) => bodyComplete)).toEqual([]);
  });
});

describe("the deprecated name", () => {
  testRoute(site, "/api/fal/legacy");
});

describe("the route with options", () => testMembers(site));

describe("the page", () => testPage(site));

const app = "nextjs-app-router";

describe("a deployment", () => testDeployment(site, app, ["/api/fal/proxy", "/api/fal/edge"]));

test("the edge bundle is free of undici", () => {
  const folder = join(import.meta.dirname, "../.next/server/edge/chunks");
  const chunks = readdirSync(folder).filter((file) => file.endsWith(".js"));
  const sources = chunks.map((file) => readFileSync(join(folder, file), "utf8"));
  expect(sources.filter((source) => source.includes("x-fal-target-url"))).not.toEqual([]);
  expect(sources.filter((source) => source.includes("undici.globalDispatcher"))).toEqual([]);
});

judge("nextjs", apps.nextjs);
judge("nextjs-edge", apps["nextjs-edge"]);
