/** The command: what it prints, how it ends, and what it says when it cannot start. */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { createServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { createEmulator } from "fal-emulator";
import { afterEach, expect, test } from "vitest";

const CLI = join(import.meta.dirname, "../dist/cli.js");

interface Command {
  process: ChildProcessByStdio<null, Readable, Readable>;
  out(): string;
  err(): string;
  /** Resolves once the output matches. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  /** The exit code. */
  ended: Promise<number | null>;
}

const running: Command[] = [];
afterEach(async () => {
  for (const command of running.splice(0)) {
    command.process.kill("SIGKILL");
    await command.ended;
  }
});

function start(args: string[], env: Record<string, string> = {}): Command {
  const inherited = { PATH: process.env["PATH"] ?? "" };
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { ...inherited, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const says = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const found = pattern.exec(out + err);
      if (found) return found;
      if (child.exitCode !== null)
        throw new Error(`It ended without saying ${pattern}: ${out}${err}`);
      await new Promise((go) => setTimeout(go, 20));
    }
  };
  const command = { process: child, out: () => out, err: () => err, says, ended };
  running.push(command);
  return command;
}

test("prints where it is and what it uses, serves, and ends well on SIGTERM", async () => {
  const command = start(["--port", "0"]);
  const [, url = ""] = await command.says(/Playground {2}(http:\/\/127\.0\.0\.1:\d+\/)/);
  await command.says(/Upstream {4}a local emulator: no FAL_KEY is set, nothing is billed/);
  expect(command.out()).toContain(`Proxy       ${url}api/fal/proxy`);
  expect((await fetch(url)).status).toBe(200);
  expect(command.out().trim().split("\n").length).toBeLessThan(8);
  expect(command.err()).toBe("");

  command.process.kill("SIGTERM");
  expect(await command.ended).toBe(0);
});

test("ends well on Ctrl+C", async () => {
  const command = start([], { PORT: "0" });
  await command.says(/Ctrl\+C/);
  command.process.kill("SIGINT");
  expect(await command.ended).toBe(0);
});

test("with a key it talks to fal, and does not print the key", async () => {
  const command = start(["--port", "0"], { FAL_KEY: "key-id:key-secret" });
  await command.says(/Upstream {4}fal\.ai, paid by your FAL_KEY/);
  expect(command.out() + command.err()).not.toMatch(/key-id|key-secret/);
});

test("D12: with a key that pays, only who has the token is served", async () => {
  const command = start(["--port", "0"], { FAL_KEY: "key-id:key-secret" });
  const [, url = "", token = ""] = await command.says(/Playground {2}(\S+)\/\?token=([\w-]{32})\n/);
  const proxy = `${url}/api/fal/proxy`;
  const ask = (headers: Record<string, string>): Promise<number> =>
    fetch(proxy, {
      method: "POST",
      // A target that is refused once the caller is known: nothing leaves.
      headers: {
        "x-fal-target-url": "https://fal.run/a/b?fal_webhook=https://x.example",
        ...headers,
      },
    }).then(({ status }) => status);
  expect(await ask({})).toBe(401);
  expect(await ask({ authorization: "Bearer wrong-token-of-somebody" })).toBe(401);
  expect(await ask({ authorization: "Key key-id:key-secret" })).toBe(401);
  expect(await ask({ authorization: `Bearer ${token}` })).toBe(422);

  const opened = await fetch(`${url}/?token=${token}`, { redirect: "manual" });
  expect([opened.status, opened.headers.get("location")]).toEqual([303, "/"]);
  const [cookie = ""] = (opened.headers.get("set-cookie") ?? "").split(";");
  expect(opened.headers.get("set-cookie")).toMatch(/; HttpOnly; SameSite=Strict$/);
  expect(await ask({ cookie: `other=1; ${cookie}` })).toBe(422);

  const wrong = await fetch(`${url}/?token=${token.slice(1)}x`, { redirect: "manual" });
  expect(wrong.headers.get("set-cookie")).toBeNull();
  expect((await fetch(url)).status).toBe(200);
});

test("D12: a token of the operator's own, or none", async () => {
  const key = { FAL_KEY: "key-id:key-secret" };
  const own = start(["--port", "0"], { ...key, FAL_GATEWAY_TOKEN: "from-the-environment" });
  await own.says(/\/\?token=from-the-environment\n/);
  const flag = start(["--port", "0", "--token", "from-a-flag"], key);
  await flag.says(/\/\?token=from-a-flag\n/);
  const none = start(["--port", "0", "--no-token"], key);
  const [, url = ""] = await none.says(/Playground {2}(\S+)\n/);
  expect(url).not.toContain("token");
  const short = start(["--port", "0", "--token", "a b"], key);
  expect(await short.ended).toBe(1);
  expect(short.err()).toContain("The token must be 8 or more letters, digits");
});

test("D13: a process that holds a key does not load the emulator", async () => {
  const hook = `import { register } from "node:module";
    register("data:text/javascript," + encodeURIComponent(\`
      export async function load(url, context, next) {
        if (url.includes("emulator")) console.error("loaded " + url);
        return next(url, context);
      }\`));`;
  const watch = { NODE_OPTIONS: `--import="data:text/javascript,${encodeURIComponent(hook)}"` };
  const paid = start(["--port", "0"], { ...watch, FAL_KEY: "key-id:key-secret" });
  await paid.says(/Ctrl\+C/);
  expect(paid.err()).not.toContain("loaded");
  const free = start(["--port", "0"], watch);
  await free.says(/Ctrl\+C/);
  expect(free.err()).toMatch(/loaded \S*emulator/);
});

test.each<Record<string, string>>([
  { FAL_KEY: "id:secret" },
  { FAL_KEY: ' "Key id:secret" ' },
  { FAL_KEY_ID: "id", FAL_KEY_SECRET: "secret" },
  { FAL_KEY: "", FAL_KEY_ID: "'id'", FAL_KEY_SECRET: "secret" },
])("%j pays, as it would in an app", async (key) => {
  const fal = await createEmulator({ keys: ["id:secret"] });
  const command = start(["--port", "0"], { ...key, FAL_PROXY_UPSTREAM: fal.url });
  const [, proxy = ""] = await command.says(/Proxy {7}(\S+)/);
  const response = await fetch(proxy, {
    method: "POST",
    headers: { "x-fal-target-url": "https://fal.run/fal-ai/echo" },
    body: "{}",
  });
  expect(response.status).toBe(200);
  await fal.close();
});

test("half of a key is none", async () => {
  const command = start(["--port", "0"], { FAL_KEY: "", FAL_KEY_ID: "id" });
  await command.says(/Upstream {4}a local emulator: no FAL_KEY is set/);
});

test("a taken port: names it, says how to choose another, exits with 1", async () => {
  const server = await new Promise<Server>((resolve) => {
    const taken = createServer().listen(0, "127.0.0.1", () => resolve(taken));
  });
  const { port } = server.address() as AddressInfo;
  const command = start([], { PORT: String(port) });
  expect(await command.ended).toBe(1);
  expect(command.err()).toContain(`Port ${port} is taken`);
  expect(command.err()).toContain(`PORT=${port + 1} npm start`);
  expect(command.err()).not.toMatch(/\n\s+at |Error:/);
  expect(command.out()).toBe("");
  await new Promise((closed) => server.close(closed));
});

test("beyond loopback it warns, and names the address to type into a phone", async () => {
  const command = start(["--port", "0", "--host", "0.0.0.0"]);
  await command.says(/WARNING: it listens on 0\.0\.0\.0[^]*Everyone who reaches/);
  const [, url = ""] = await command.says(/Playground {2}(\S+)/);
  expect(url).not.toContain("0.0.0.0");
  expect((await fetch(url)).status).toBe(200);
});

test.each<[string[], Record<string, string>, RegExp]>([
  [["--port", "high"], {}, /--port must be a port number/],
  [[], { PORT: "high" }, /PORT must be a port number/],
  [["--prot", "1"], {}, /Unknown option '--prot'/],
  [["--port", "0"], { FAL_PROXY_UPSTREAM: "http://127.0.0.1:1" }, /FAL_KEY/],
  [["--port", "0"], { FAL_PROXY_UPSTREAM: "https://evil.example", FAL_KEY: "a:b" }, /local server/],
])("%j %j: says what is wrong and exits with 1", async (args, env, message) => {
  const command = start(args, env);
  expect(await command.ended).toBe(1);
  expect(command.err()).toMatch(message);
  expect(command.err()).not.toMatch(/\n\s+at /);
});

test("--help shows the options", async () => {
  const command = start(["--help"]);
  expect(await command.ended).toBe(0);
  expect(command.out()).toContain("--allow-host");
});
