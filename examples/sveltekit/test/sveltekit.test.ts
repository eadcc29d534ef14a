// SvelteKit, built with adapter-node.
import { expect, test } from "vitest";
import { judge } from "../../../packages/proxy/test/conformance/judge.ts";
import { apps } from "../../testing/apps.mjs";
import { appFile } from "../../testing/built-app.mjs";

judge("svelte", apps.svelte);

test("the route that people copy is the documented form", () => {
  expect(appFile("sveltekit", "src/routes/api/fal/proxy/+server.ts")).toContain(
    "export const { GET, POST, PUT } = createRequestHandler({ credentials: env.FAL_KEY });",
  );
});
