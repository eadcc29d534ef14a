// What the route with options must do: one model, for users with a genuine session (row C4).
import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { sessionSecret, type Site } from "./site.ts";

export function testMembers(site: Site): void {
  const signature = createHmac("sha256", sessionSecret).update("ada").digest("base64url");
  const ask = (model: string, session: string): Promise<Response> =>
    site.call("/api/fal/members", `https://fal.run/${model}`, {
      method: "POST",
      headers: { cookie: `session=${session}`, "content-type": "application/json" },
      body: JSON.stringify({ prompt: "a fox", image_size: "square" }),
    });

  test("serves a member", async () => {
    const response = await ask("fal-ai/flux/dev", `ada.${signature}`);
    expect(response.status).toBe(200);
    expect(site.fal.requests[0]?.headers["cookie"]).toBeUndefined();
  });

  test.each([
    ["a forged session", "fal-ai/flux/dev", "ada.forged", 401, "unauthenticated"],
    ["another model", "fal-ai/flux/schnell", `ada.${signature}`, 400, "endpoint_not_allowed"],
  ])("refuses %s", async (_, model, session, status, code) => {
    const response = await ask(model, session);
    expect([response.status, await response.json()]).toMatchObject([status, { code }]);
    expect(site.fal.requests).toEqual([]);
  });
}
