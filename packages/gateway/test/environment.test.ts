/** Environment variables become settings, and a bad one is named. */
import { expect, test } from "vitest";
import { parsePort, readEnvironment } from "../src/environment.ts";

test("nothing set means nothing given", () => {
  expect(readEnvironment({})).toEqual({});
  expect(readEnvironment({ FAL_KEY: "", PORT: " ", HOST: "" })).toEqual({});
});

test("reads the port, the address, the key and the stand-in", () => {
  const settings = readEnvironment({
    PORT: "8080",
    HOST: "0.0.0.0",
    FAL_KEY: " id:secret ",
    FAL_PROXY_UPSTREAM: "http://127.0.0.1:4747",
  });
  expect(settings).toEqual({
    port: 8080,
    host: "0.0.0.0",
    key: "id:secret",
    upstream: "http://127.0.0.1:4747",
  });
});

test("FAL_KEY_ID and FAL_KEY_SECRET make a key together only, and after FAL_KEY", () => {
  expect(readEnvironment({ FAL_KEY_ID: "id", FAL_KEY_SECRET: "secret" }).key).toBe("id:secret");
  expect(readEnvironment({ FAL_KEY_ID: "id" }).key).toBeUndefined();
  expect(readEnvironment({ FAL_KEY: "a:b", FAL_KEY_ID: "id", FAL_KEY_SECRET: "s" }).key).toBe(
    "a:b",
  );
});

test.each(["abc", "-1", "65536", "80.5", "1e3"])("%s is no port", (text) => {
  expect(() => parsePort(text, "PORT")).toThrow(
    `PORT must be a port number from 0 to 65535, not "${text}"`,
  );
});
