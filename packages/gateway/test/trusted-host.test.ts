/** Which names a gateway answers to: a page that rebinds its own name to this machine is not served. */
import { expect, test } from "vitest";
import { isLoopback, urlHost } from "../src/address.ts";
import { isTrustedHost } from "../src/trusted-host.ts";

test.each([
  "127.0.0.1:3250",
  "192.168.1.20:3250",
  "localhost",
  "LOCALHOST:3250",
  "app.localhost:3250",
  "[::1]:3250",
  "gateway.example:8080",
])("answers to %s", (host) => {
  expect(isTrustedHost(host, ["gateway.example"])).toBe(true);
});

test.each([
  undefined,
  "",
  "evil.example",
  "evil.example:3250",
  "127.0.0.1.evil.example",
  "localhost.evil.example",
  "notlocalhost",
  "127.0.0.1@evil.example",
  "[evil]",
])("does not answer to %s", (host) => {
  expect(isTrustedHost(host, ["gateway.example"])).toBe(false);
});

test("tells this machine from the network", () => {
  expect(["127.0.0.1", "127.1.2.3", "localhost", "::1"].every(isLoopback)).toBe(true);
  expect(["0.0.0.0", "::", "192.168.1.2", "127.evil", "gateway"].some(isLoopback)).toBe(false);
});

test("writes an IPv6 address into a URL in brackets", () => {
  expect(urlHost("::1")).toBe("[::1]");
  expect(urlHost("127.0.0.1")).toBe("127.0.0.1");
});
