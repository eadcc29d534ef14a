/** Values that turn on whoever looks at them: thrown by hooks, answered by guards, made by parsers. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createRequestListener } from "../src/adapters/node.ts";
import { refuse, type Call, type ProxyConfig, type Refusal } from "../src/index.ts";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { fronts, RUN, until, type Front } from "./support/fronts.ts";
import { startWildFal, type WildFal } from "./support/wild-fal.ts";

let fal: WildFal;
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
const stderr = vi.spyOn(console, "error").mockImplementation(() => {});

beforeAll(async () => {
  fal = await startWildFal();
  process.on("unhandledRejection", note);
});
afterAll(() => {
  process.off("unhandledRejection", note);
  stderr.mockRestore();
  fal.close();
});
afterEach(async () => {
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(unhandled.splice(0)).toEqual([]);
  stderr.mockClear();
});

/** An error that cannot be looked at. */
const hostile = (): never => {
  const looked = (): never => {
    throw new Error("looked at");
  };
  throw new Proxy({}, { get: looked, has: looked });
};
/** One whose message is made when it is asked for, and cannot be. */
const lazy = (): never => {
  throw Object.defineProperty(new Error("x"), "message", { get: hostile });
};

describe.each(fronts)("on the %s front", (_name, open) => {
  let front: Front;
  const start = async (config: ProxyConfig): Promise<void> => {
    front = await open({ resolveFalAuth: () => "id:secret", upstream: fal.url, ...config });
  };
  afterEach(() => front.close());

  describe.each([
    ["an error that throws when it is looked at", hostile],
    ["an error whose message throws", lazy],
  ])("%s", (_what, fails) => {
    const later = async (): Promise<never> => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return fails();
    };
    const said = async (): Promise<unknown> => {
      const reply = await front.ask(RUN);
      return [reply.status, ((await reply.json()) as { code?: string }).code];
    };

    it.each<[string, ProxyConfig]>([
      ["isAuthenticated", { isAuthenticated: fails }],
      ["resolveFalAuth", { resolveFalAuth: later }],
      ["a guard", { guards: [fails] }],
      ["a guard, later", { guards: [later] }],
      ["a reply hook", { guards: [(call) => call.onReply(fails)] }],
      ["a reply hook, later", { guards: [(call) => call.onReply(later)] }],
    ])("of %s is a fault", async (_hook, config) => {
      await start(config);
      expect(await said()).toEqual([500, "internal_error"]);
      await until(() => fal.busy() === 0, "the call to fal is over, which");
      expect(stderr.mock.calls.flat().join()).toMatch(/fault: something was thrown that throws/);
    });

    it.each<[string, ProxyConfig]>([
      ["an end hook", { guards: [(call) => call.onEnd(fails)] }],
      ["an end hook, later", { guards: [(call) => call.onEnd(later)] }],
      ["onEvent", { onEvent: fails }],
      ["onEvent, later", { onEvent: later }],
    ])("of %s is reported, and changes nothing", async (_hook, config) => {
      await start(config);
      expect((await front.ask(RUN)).status).toBe(200);
      await until(() => /something was thrown that throws/.test(stderr.mock.calls.flat().join()));
    });
  });

  it("a refusal that is another one at each look is sent as it was checked", async () => {
    const first = <Value>(checked: Value, sent: Value): (() => Value) => {
      let looks = 0;
      return () => (looks++ === 0 ? checked : sent);
    };
    const changing = Object.defineProperties(refuse("not_found", "Not here."), {
      status: { get: first(404, 99) },
      headers: { get: first({ "x-a": "1" }, { "x-a": "1\r\nset-cookie: a=1" }) },
      detail: { value: { toJSON: first("checked", 1n as never) } },
    });
    await start({ guards: [(): Refusal => changing] });
    const reply = await front.ask(RUN);
    expect([reply.status, await reply.json()]).toMatchObject([404, { detail: "checked" }]);
    expect(reply.headers.get("x-a")).toBe("1");
  });

  it("a refusal that a guard changes afterwards, for somebody else, is sent as it was", async () => {
    const shared = { ...refuse("not_found", "Not here."), headers: { "x-a": "1" } };
    const guard = (call: Call): Refusal => {
      call.onEnd(() => void (shared.headers["x-a"] = "\n"));
      return shared;
    };
    await start({ guards: [guard] });
    const reply = await front.ask(RUN);
    expect([reply.status, reply.headers.get("x-a")]).toEqual([404, "1"]);
  });
});

it("JSON that a parser in front could read, and nobody can write, is refused", async () => {
  const settled: string[] = [];
  const listener = createRequestListener({ resolveFalAuth: () => "id:secret", upstream: fal.url });
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const parsed = Object.assign(request, { body: JSON.parse(text) as unknown });
    await listener(parsed, response).then(
      () => settled.push("resolved"),
      () => settled.push("rejected"),
    );
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  // Newer engines write it, so then it is a call like any other.
  const depth = 50_000;
  const reply = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    method: "POST",
    body: "[".repeat(depth) + "]".repeat(depth),
    headers: { "content-type": "application/json", "x-fal-target-url": `https://${RUN}` },
    signal: AbortSignal.timeout(5000),
  });
  const { code = "sent" } = (await reply.json()) as { code?: string };
  expect([reply.status, code]).toEqual(code === "sent" ? [200, code] : [422, "input_not_allowed"]);
  await until(() => settled.length > 0);
  expect(settled).toEqual(["resolved"]);
  server.close();
  server.closeAllConnections();
});
