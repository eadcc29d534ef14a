/** Cases, rules, faults and saboteurs belong together: whatever has no counterpart is named here. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { allCases } from "../src/cases/index.ts";
import { sabotages } from "./sabotage/index.ts";

const protocol = readFileSync(join(import.meta.dirname, "../../../PROTOCOL.md"), "utf8");
const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");

/** Rule → its text up to the next rule. */
const rules = new Map(
  [...protocol.matchAll(/^\*\*(P-\d\d)\*\* ([^]*?)(?=^\*\*P-\d\d\*\*|^## )/gm)].map((m) => [
    m[1],
    m[2] ?? "",
  ]),
);

describe("the cases", () => {
  it("have ids of their own, which begin with their topic", () => {
    const ids = allCases.map((one) => one.id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    expect(
      allCases.filter((one) => !one.id.startsWith(`${one.topic}-`)).map((one) => one.id),
    ).toEqual([]);
  });

  it("cite rules that exist, with the rule's own word", () => {
    const wrong = allCases.filter((one) => {
      const text = rules.get(one.rule);
      if (text === undefined) return true;
      // An option binds with MUST those who offer it; a rule may hold both words.
      const says = text.startsWith("An option")
        ? ["MUST"]
        : ["MUST", "SHOULD"].filter(
            (word) => text.includes(`${word}.`) || text.includes(`${word}:`),
          );
      return !says.includes(one.level);
    });
    expect(wrong.map((one) => `${one.id} cites ${one.rule} as ${one.level}`)).toEqual([]);
  });

  it("judge every rule that says MUST", () => {
    const cited = new Set(allCases.map((one) => one.rule));
    const unjudged = [...rules].filter(
      ([rule, text]) => text.startsWith("MUST") && !cited.has(rule as string),
    );
    expect(unjudged.map(([rule]) => rule)).toEqual([]);
  });

  it("show every fault of the published package", () => {
    const shown = new Set(allCases.flatMap((one) => one.faults ?? []));
    const all = Array.from({ length: 36 }, (_, index) => `R${index + 1}`);
    expect(all.filter((fault) => !shown.has(fault))).toEqual([]);
  });

  it("have a saboteur each, and no saboteur is without a case", () => {
    const ids = allCases.map((one) => one.id);
    const byFixture = ["limits-five-minutes", "package-loads-without-node", "package-peers"];
    expect(ids.filter((id) => !(id in sabotages) && !byFixture.includes(id))).toEqual([]);
    const named = Object.entries(sabotages).flatMap(([id, { also = [] }]) => [id, ...also]);
    expect(named.filter((id) => !ids.includes(id))).toEqual([]);
  });

  it("need profiles that the README explains", () => {
    const needed = new Set(allCases.map((one) => one.profile ?? "default"));
    expect([...needed].filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });
});
