/** What an app or its company has put between it and the network is used (D3). */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { createEmulator, type Emulator } from "fal-emulator";
import { http, HttpResponse } from "msw";
import { setupServer } from "msw/node";
import * as undici from "undici";
import * as undici6 from "undici6";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { Guard, ProxyConfig } from "../src/index.ts";
import { leadNames } from "./support/fal-names.ts";
import { fronts } from "./support/fronts.ts";

let fal: Emulator;
let company: Server;
let companyUrl: string;
/** What the company's proxy was asked for. */
const asked: string[] = [];
let restore = (): void => {};

beforeAll(async () => {
  fal = await createEmulator({ tls: true, latency: 0 });
  // Names lead nowhere from here, as behind a firewall: only the company's proxy knows the way.
  company = createServer()
    .on("connect", (request, socket, head) => {
      asked.push(`${request.url} ${request.headers["proxy-authorization"] ?? ""}`.trim());
      const outside = connect(Number(new URL(fal.url).port), "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        outside.write(head);
        outside.pipe(socket).pipe(outside);
      });
      for (const end of [outside, socket]) end.on("error", () => socket.destroy());
    })
    .listen(0, "127.0.0.1");
  await once(company, "listening");
  companyUrl = `http://127.0.0.1:${(company.address() as AddressInfo).port}`;
});
const before = undici.getGlobalDispatcher();
beforeEach(() => {
  fal.reset();
  asked.length = 0;
  restore = leadNames({}, fal.certificate as string);
});
afterEach(() => {
  restore();
  vi.unstubAllEnvs();
  undici.setGlobalDispatcher(before);
});
afterAll(async () => {
  company.close();
  company.closeAllConnections();
  await fal.close();
});

// Pools are kept per connect timeout.
let pool = 4000;
const options = (more: ProxyConfig = {}): ProxyConfig => ({
  resolveFalAuth: () => fal.key,
  timeouts: { connect: pool++ },
  ...more,
});

const ECHO = "fal.run/fal-ai/echo";
const post = {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: '{"text":"x"}',
};
const large = { ...post, body: JSON.stringify({ text: "x".repeat(300_000) }) };

describe.each(fronts)("on the %s front", (_name, open) => {
  describe("a company's proxy", () => {
    test.each(["HTTPS_PROXY", "https_proxy", "HTTP_PROXY"])("%s is gone through", async (name) => {
      vi.stubEnv(name, companyUrl.replace("//", "//user:word@"));
      const front = await open(options());
      const response = await front.ask(ECHO, large);
      expect(response.status).toBe(200);
      await response.arrayBuffer();
      expect(asked).toEqual(["fal.run:443 Basic dXNlcjp3b3Jk"]);
      expect(fal.requests).toMatchObject([{ host: "fal.run", bodyLength: large.body.length }]);
      front.close();
    });

    test("NO_PROXY is not", async () => {
      vi.stubEnv("HTTPS_PROXY", companyUrl);
      vi.stubEnv("NO_PROXY", "example.com, .fal.run, fal.run, .falrun.com, falrun.com");
      const front = await open(options());
      expect((await front.ask(ECHO, post)).status).toBe(502);
      expect(asked).toEqual([]);
      front.close();
    });

    test("a local stand-in is reached directly", async () => {
      vi.stubEnv("HTTP_PROXY", companyUrl);
      vi.stubEnv("HTTPS_PROXY", companyUrl);
      const local = await createEmulator({ latency: 0 });
      const front = await open(options({ upstream: local.url, resolveFalAuth: () => local.key }));
      expect((await front.ask(ECHO, post)).status).toBe(200);
      expect(asked).toEqual([]);
      await local.close();
      front.close();
    });

    test("one that refuses is no way: nothing was sent, and a retry is safe", async () => {
      const refusing = createServer()
        .on("connect", (_request, socket) => socket.end("HTTP/1.1 407 No\r\n\r\n"))
        .listen(0, "127.0.0.1");
      await once(refusing, "listening");
      vi.stubEnv("HTTPS_PROXY", `http://127.0.0.1:${(refusing.address() as AddressInfo).port}`);
      const front = await open(options());
      const response = await front.ask(ECHO, post);
      expect([response.status, await response.json()]).toMatchObject([
        502,
        { code: "upstream_unreachable" },
      ]);
      refusing.close();
      front.close();
    });
  });

  describe.each([
    ["undici 7", undici],
    ["undici 6", undici6 as unknown as typeof undici],
  ] as const)("what setGlobalDispatcher of %s was given", (_version, library) => {
    test("a MockAgent answers, and nothing goes out", async () => {
      const mock = new library.MockAgent();
      mock.disableNetConnect();
      mock
        .get("https://fal.run")
        .intercept({ path: "/fal-ai/echo", method: "POST", body: post.body })
        .reply(
          200,
          { mocked: true },
          { headers: { "content-type": "application/json", "x-fal-request-id": "r-1" } },
        );
      library.setGlobalDispatcher(mock);
      const seen: unknown[] = [];
      const guard: Guard = (call) =>
        call.onReply(async (reply) => void seen.push(await reply.json()));
      const front = await open(options({ guards: [guard] }));
      const response = await front.ask(ECHO, post);
      expect(response.headers.get("x-fal-request-id")).toBe("r-1");
      expect(await response.json()).toEqual({ mocked: true });
      expect(seen).toEqual([{ mocked: true }]);
      mock.assertNoPendingInterceptors();
      front.close();
    });

    test("a ProxyAgent is gone through, with a streamed body and reply", async () => {
      library.setGlobalDispatcher(new library.ProxyAgent(companyUrl));
      const front = await open(options());
      const response = await front.ask(ECHO, large);
      expect(response.status).toBe(200);
      expect((await response.text()).length).toBeGreaterThan(large.body.length);
      expect(asked).toEqual(["fal.run:443"]);
      front.close();
    });

    test("an Agent of its own is used", async () => {
      const port = Number(new URL(fal.url).port);
      const ca = fal.certificate as string;
      const agent = new library.Agent({
        connect: ((given: { servername: string }, done: never) =>
          library.buildConnector({ ca })(
            { ...given, hostname: "127.0.0.1", port: String(port) } as never,
            done,
          )) as never,
      });
      library.setGlobalDispatcher(agent);
      const front = await open(options());
      expect((await front.ask(ECHO, post)).status).toBe(200);
      expect(fal.requests).toHaveLength(1);
      await agent.close();
      front.close();
    });
  });

  describe("the option fetch", () => {
    test("msw answers, and nothing goes out", async () => {
      const server = setupServer(
        http.post("https://fal.run/fal-ai/echo", async ({ request }) =>
          HttpResponse.json(
            { got: await request.json(), by: request.headers.get("authorization") },
            { headers: { "x-fal-request-id": "r-2" } },
          ),
        ),
      );
      server.listen({ onUnhandledRequest: "bypass" });
      const front = await open(options({ fetch: (url, init) => fetch(url, init) }));
      const response = await front.ask(ECHO, post);
      expect(response.headers.get("x-fal-request-id")).toBe("r-2");
      expect(await response.json()).toEqual({ got: { text: "x" }, by: `Key ${fal.key}` });
      server.close();
      front.close();
    });

    test("is given what a standard fetch is given, a streamed body as well", async () => {
      const calls: Array<[string, string]> = [];
      const own: typeof fetch = async (url, init) => {
        const body = await new Response(init?.body).text();
        calls.push([String(url), body]);
        return Response.json({ length: body.length });
      };
      const front = await open(options({ fetch: own }));
      const response = await front.ask(ECHO, large);
      expect(await response.json()).toEqual({ length: large.body.length });
      expect(calls.map(([url]) => url)).toEqual([`https://${ECHO}`]);
      front.close();
    });

    test("one that throws is no answer", async () => {
      const front = await open(options({ fetch: () => Promise.reject(new Error("no way")) }));
      expect((await front.ask("queue.fal.run/fal-ai/echo/requests/r/status")).status).toBe(502);
      front.close();
    });
  });
});
