/** The reference proxy, written from PROTOCOL.md, keeps every rule; the package cases judge small packages made here. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeFailure, runConformance, type Report } from "../src/index.ts";
import { bundleReference } from "./reference/bundle.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { offered } from "./reference/profiles.ts";

const told = (report: Report): string[] =>
  report.results.filter((r) => r.outcome === "failed").map(describeFailure);

async function makePackage(
  source: string,
  peerDependencies: Record<string, string>,
): Promise<string> {
  const folder = temporaryFolder("package");
  const manifest = { name: "made", type: "module", exports: "./index.js", peerDependencies };
  await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
  await writeFile(join(folder, "index.js"), source);
  return folder;
}

it(
  "keeps every rule, as a process of its own, in every profile",
  { timeout: 300_000 },
  async () => {
    const report = await runConformance({
      start: await bundleReference(),
      profiles: offered,
      slow: true,
      longCallMs: 2000,
      packageFolder: await makePackage("export const key = () => process.env.FAL_KEY;", {
        express: ">=4",
      }),
    });
    expect(told(report)).toEqual([]);
    expect(report.ok).toBe(true);
    expect(report.counts).toMatchObject({ failed: 0, warned: 0, notOffered: 0 });
  },
);

it("notices a package that cannot be loaded or installed", { timeout: 60_000 }, async () => {
  const report = await runConformance({
    start: await bundleReference(),
    only: ["package"],
    packageFolder: await makePackage("export const key = process.env.FAL_KEY;", {
      express: "^4.0.0",
    }),
  });
  const failed = report.results.filter((r) => r.outcome === "failed").map((r) => r.case.id);
  expect(failed).toEqual(["package-loads-without-node", "package-peers"]);
});
