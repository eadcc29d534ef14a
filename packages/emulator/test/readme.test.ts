// The README's table of models is the table of models.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { falModels } from "../src/models/index.ts";

test("every endpoint is in the README, and no other", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const [section = ""] = /^## Models\n[\s\S]*?^Beside them/m.exec(readme) ?? [];
  const rows = section.split("\n").filter((line) => line.startsWith("| ") && line.includes("`"));
  const ids = rows.flatMap((row) => row.match(/(?<=`)[^`]+\/[^`]+(?=`)/g) ?? []);
  expect(ids.toSorted()).toEqual(falModels.map(({ id }) => id).toSorted());
});
