/** Keys as operators really paste them: repaired, or refused without repeating them. */
import { describe, expect, it } from "vitest";
import { toAuthorization } from "../src/credentials.ts";

describe("toAuthorization", () => {
  it.each([
    ["id:secret", "Key id:secret"],
    ["  id:secret\n", "Key id:secret"],
    ['"id:secret"', "Key id:secret"],
    ["'id:secret'", "Key id:secret"],
    ["Key id:secret", "Key id:secret"],
    ["key id:secret", "Key id:secret"],
    ["Key Key id:secret", "Key id:secret"],
    ['"Key id:secret"', "Key id:secret"],
    ['Key "id:secret"', "Key id:secret"],
    ["Bearer eyJ.a.b", "Bearer eyJ.a.b"],
  ])("%j becomes %j", (given, wanted) => {
    expect(toAuthorization(given, "It holds")).toBe(wanted);
  });

  it.each([
    [""],
    ["   "],
    ['""'],
    ["Key "],
    ["undefined"],
    ["Key undefined"],
    [undefined],
    [null],
    [7],
  ])("%j is no key", (given) => {
    expect(toAuthorization(given, "It holds")).toMatchObject({
      code: "no_credentials",
      status: 500,
    });
  });

  it("does not repeat a broken key", () => {
    const refusal = toAuthorization("id:sec ret\r\nx: y", "It holds");
    expect(refusal).toMatchObject({ code: "no_credentials" });
    expect(JSON.stringify(refusal)).not.toContain("sec");
  });
});
