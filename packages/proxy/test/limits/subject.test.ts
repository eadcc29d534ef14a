import { expect, test } from "vitest";
import { addressOf, subject, userSubject } from "../../src/limits/subject.ts";

test("no two names meet, whatever they hold", async () => {
  const ids = [
    "42",
    "42/",
    "/42",
    "a/b",
    "a%2Fb",
    "a|b",
    "a b",
    "a%20b",
    "*",
    "*a",
    "",
    "}",
    "{",
    "é",
    "e\u0301",
    "\ud800",
    "\udfff",
    "\ufffd",
    "x".repeat(64),
    "x".repeat(65),
    "x".repeat(66),
    "é".repeat(64),
    `*${"0".repeat(40)}`,
  ];
  const users = ids.flatMap((id) => [
    { id },
    { id, tenant: "" },
    { id, tenant: "acme" },
    { id, tenant: "a/b" },
    { id: "b", tenant: id },
  ]);
  const distinct = new Map(users.map((user) => [JSON.stringify(user), user]));
  const names = await Promise.all([...distinct.values()].map(userSubject));
  expect(new Set(names).size).toBe(distinct.size);
  for (const name of names) {
    expect(name).toMatch(/^user(\/[!-~]*){1,2}$/);
    expect(name).not.toMatch(/[|{}]/);
    expect(name.length).toBeLessThan(140);
  }
  expect(await userSubject({ id: "42" })).toBe("user/42");
  expect(await userSubject({ id: "42", tenant: "acme" })).toBe("user/acme/42");
  expect(await subject("team", "red")).not.toBe(await subject("user", "red"));
});

test.each<[string, string]>([
  ["203.0.113.9", "203.0.113.9"],
  ["::ffff:203.0.113.9", "203.0.113.9"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:DB8:1:2::", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["2001:0db8:0001:0002::9", "2001:db8:1:2::/64"],
  ["::1", "0:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["unix", "unix"],
])("the address %s counts as %s", (ip, counted) => expect(addressOf(ip)).toBe(counted));
