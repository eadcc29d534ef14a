/** Environment variables become settings, and a bad one is named. */
import { expect, test } from "vitest";
import { parsePort, readEnvironment } from "../src/environment.ts";

test("nothing set means nothing given", () => {
  expect(readEnvironment({})).toEqual({});
  expect(readEnvironment({ PORT: " ", HOST: "" })).toEqual({});
});

test("reads the port, the address and the stand-in", () => {
  const settings = readEnvironment({
    PORT: "8080",
    HOST: "0.0.0.0",
    FAL_PROXY_UPSTREAM: "http://127.0.0.1:4747",
  });
  expect(settings).toEqual({
    port: 8080,
    host: "0.0.0.0",
    upstream: "http://127.0.0.1:4747",
  });
});

test.each(["abc", "-1", "65536", "80.5", "1e3"])("%s is no port", (text) => {
  expect(() => parsePort(text, "PORT")).toThrow(
    `PORT must be a port number from 0 to 65535, not "${text}"`,
  );
});
