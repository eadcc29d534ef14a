// Remix 2, built, under its own server.
import { expect, test } from "vitest";
import { judge } from "../../../packages/proxy/test/conformance/judge.ts";
import { apps } from "../../testing/apps.mjs";
import { appFile } from "../../testing/built-app.mjs";

judge("remix", apps.remix);

test("the route that people copy is the documented form", () => {
  expect(appFile("remix", "app/routes/api.fal.proxy.ts")).toContain(
    "export const { action, loader } = createProxy();",
  );
});
