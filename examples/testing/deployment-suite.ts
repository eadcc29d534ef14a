// A deployed app has the files that Next traced and one environment variable (row C6).
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startDeployment } from "./next-app.ts";
import type { Site } from "./site.ts";

export function testDeployment(site: Site, name: string, routes: readonly string[]): void {
  test("works with its traced files and FAL_KEY alone", async () => {
    const env = { FAL_KEY: site.fal.key, FAL_PROXY_UPSTREAM: site.fal.url };
    const deployed = await startDeployment(name, env);
    onTestFinished(() => deployed.stop());
    for (const route of routes) {
      const response = await fetch(deployed.url + route, {
        method: "POST",
        headers: { "x-fal-target-url": "https://fal.run/fal-ai/echo" },
        body: "{}",
      });
      expect([route, response.status]).toEqual([route, 200]);
    }
  });

  test("ships none of the library to browsers", () => {
    const folder = join(import.meta.dirname, "..", name, ".next/static");
    const files = readdirSync(folder, { recursive: true, withFileTypes: true });
    const scripts = files.filter((file) => file.isFile() && file.name.endsWith(".js"));
    expect(scripts.length).toBeGreaterThan(0);
    // Every message to the operator begins like this.
    const withLibrary = scripts.filter(({ parentPath, name: file }) =>
      readFileSync(join(parentPath, file), "utf8").includes("fal proxy:"),
    );
    expect(withLibrary.map(({ name: file }) => file)).toEqual([]);
  });
}
