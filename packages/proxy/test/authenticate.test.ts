/** Who is let in, who the guards are told it is, and what caller and operator read when it is nobody. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { createFetchHandler } from "../src/adapters/fetch.ts";
import { refuse, type ProxyConfig, type User } from "../src/index.ts";

interface Seen {
  /** What the caller read. */
  status: number;
  message: string;
  /** Whether the guards were asked, and about whom. */
  letIn: boolean;
  user: User | undefined;
}

/** Asks once. A guard notes who it is and stops the call, so that nothing is sent. */
async function ask(config: ProxyConfig, authorization?: string): Promise<Seen> {
  let letIn = false;
  let user: User | undefined;
  const handle = createFetchHandler({
    ...config,
    guards: [
      (call) => {
        letIn = true;
        user = call.user;
        return refuse("not_found", "The guard was asked.");
      },
    ],
  });
  const response = await handle(
    new Request("http://app.example/api/fal/proxy", {
      method: "POST",
      headers: {
        "x-fal-target-url": "https://fal.run/fal-ai/flux/dev",
        ...(authorization === undefined ? {} : { authorization }),
      },
    }),
  );
  const { message } = (await response.json()) as { message: string };
  return { status: response.status, message, letIn, user };
}

const answering = (answer: unknown): ProxyConfig => ({
  isAuthenticated: async () => answer as true,
});

afterEach(() => vi.unstubAllEnvs());

describe("isAuthenticated", () => {
  it("lets in without a name by true", async () => {
    expect(await ask(answering(true))).toMatchObject({ letIn: true, user: undefined });
  });

  it("lets in under a name, and every claim of it reaches the guards", async () => {
    const ada = { id: "ada", plan: "pro", team: 7 };
    expect((await ask(answering(ada))).user).toEqual(ada);
  });

  it.each([
    ["false", false],
    ["nothing", undefined],
    ["null", null],
    ["a text", "ada"],
    ["a number", 1],
    ["a list", []],
    ["an object without an id", { name: "ada" }],
    ["an empty id", { id: "" }],
    ["an id that is no text", { id: 7 }],
    ["a function that has an id", Object.assign(() => {}, { id: "ada" })],
  ])("does not let in by %s", async (_what, answer) => {
    expect(await ask(answering(answer))).toMatchObject({ status: 401, letIn: false });
  });

  it.each([[false], [{ id: "" }], [{ id: 7 }], ["ada"]])(
    "names nobody by %j, where strangers are served too",
    async (answer) => {
      const config = { ...answering(answer), allowUnauthorizedRequests: true };
      expect(await ask(config)).toMatchObject({ letIn: true, user: undefined });
    },
  );
});

describe("without isAuthenticated", () => {
  const locked: ProxyConfig = { allowUnauthorizedRequests: false };

  it("everybody is served, and is nobody", async () => {
    expect(await ask({})).toMatchObject({ letIn: true, user: undefined });
  });

  it.each(["Key id:secret", "key id:secret", "KEY   id:secret"])(
    "%j is let in where strangers are not, and is nobody by name",
    async (authorization) => {
      expect(await ask(locked, authorization)).toMatchObject({ letIn: true, user: undefined });
    },
  );

  it.each([
    undefined,
    "",
    "Key",
    "Key ",
    "Keyid:secret",
    "id:secret",
    "Bearer id:secret",
    "Basic Key id:secret",
    "Not-a-Key id:secret",
  ])("%j is not", async (authorization) => {
    expect(await ask(locked, authorization)).toMatchObject({ status: 401, letIn: false });
  });
});

describe("what a refusal says", () => {
  it.each<[string, ProxyConfig, RegExp]>([
    ["the check said no", answering(false), /isAuthenticated answered false/],
    ["the check said something else", answering("no"), /neither true nor an object whose id/],
    [
      "there is no check",
      { allowUnauthorizedRequests: false },
      /configure isAuthenticated.*only callers who bring a fal key/,
    ],
  ])("in development, why: %s", async (_what, config, why) => {
    const { message } = await ask(config);
    expect(message).toMatch(/^You are not signed in\. /);
    expect(message).toMatch(why);
  });

  it("in production, nothing about the configuration", async () => {
    vi.stubEnv("NODE_ENV", "production");
    expect((await ask(answering(false))).message).toBe("You are not signed in.");
  });
});
