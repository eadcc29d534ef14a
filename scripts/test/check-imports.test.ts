// Proves that the import check goes red: a small repository in order, then one offence at a time.
import { spawnSync } from "node:child_process";
import { mkdtemp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkImports } from "../check-imports.mjs";

const script = join(import.meta.dirname, "../check-imports.mjs");
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "check-imports-"));
  const entry = (name: string): object => ({ import: { default: `./dist/esm/${name}.js` } });
  const fetch = "./dist/esm/upstream/fetch.js";
  const manifests = {
    emulator: { name: "fal-emulator", exports: { ".": "./dist/index.js" } },
    proxy: {
      name: "@fal-ai/server-proxy",
      dependencies: { picomatch: "4", undici: "7" },
      exports: {
        ".": entry("index"),
        "./hono": entry("adapters/hono"),
        "./node": entry("adapters/node"),
      },
      imports: { "#upstream": { workerd: { default: fetch } } },
    },
    conformance: { name: "fal-proxy-conformance", dependencies: { "fal-emulator": "1" } },
    gateway: { name: "fal-gateway", dependencies: { "@fal-ai/server-proxy": "2" } },
  };
  for (const [name, manifest] of Object.entries(manifests)) {
    await put(`packages/${name}/package.json`, JSON.stringify(manifest));
  }
  const sources = {
    "packages/proxy/src/index.ts": `export { handle } from "./web.ts";`,
    "packages/proxy/src/adapters/hono.ts": `import { handle } from "../web.ts"; export { handle };`,
    "packages/proxy/src/adapters/node.ts": `import { serve } from "../node.ts"; export { serve };`,
    "packages/proxy/src/web.ts": `import { send } from "#upstream"; import { decide } from "./decide.ts"; import { relay } from "./relay.ts"; export const handle = () => relay(send(decide()));`,
    "packages/proxy/src/node.ts": `import { body } from "./node-body.ts"; import { send } from "./upstream/undici.ts"; export const serve = () => send(process.env, body);`,
    "packages/proxy/src/relay.ts": `import { read } from "./head.ts"; export const relay = read;`,
    "packages/proxy/src/head.ts": `import type { Sent } from "./upstream/fetch.ts"; import { end } from "./end.ts"; export const read = (sent: Sent) => end(sent);`,
    "packages/proxy/src/plan.ts": `import type { Request } from "./upstream/exchange.ts"; export type Plan = Request;`,
    "packages/proxy/src/node-body.ts": `export const body = undefined;`,
    "packages/proxy/src/upstream/exchange.ts": `import type { Call } from "../call.ts"; export type Request = Call;`,
    "packages/proxy/src/end.ts": `export const end = (fact: unknown) => fact;`,
    "packages/proxy/src/decide.ts": `import { parse } from "./target.ts"; export const decide = parse;`,
    "packages/proxy/src/target.ts": `import picomatch from "picomatch"; export const parse = () => picomatch("*");`,
    "packages/proxy/src/call.ts": `export interface Call { user: string }`,
    "packages/proxy/src/upstream/fetch.ts": `export const send = fetch; export type Sent = ReturnType<typeof send>;`,
    "packages/proxy/src/upstream/undici.ts": `import { request } from "undici"; import "node:stream"; export const send = request;`,
    "packages/proxy/src/guards/limit.ts": `import type { Call } from "../call.ts"; import type { Store } from "../stores/store.ts"; export type Limit = [Call, Store];`,
    "packages/proxy/src/stores/store.ts": `export interface Store { add(): void }`,
    "packages/conformance/src/index.ts": `import "fal-emulator"; import "node:http";`,
    "packages/gateway/src/index.ts": `import "@fal-ai/server-proxy/hono";`,
  };
  for (const [file, text] of Object.entries(sources)) await put(file, text);
});

afterEach(() => rm(root, { recursive: true, force: true }));

async function put(file: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, file)), { recursive: true });
  await writeFile(join(root, file), text);
}

/** Adds a line to a file of the tidy repository, or makes a new file of it. */
async function offend(file: string, line: string): Promise<void> {
  const before = await readFile(join(root, file), "utf8").catch(() => "");
  await put(file, `${before}\n${line}\n`);
}

/** What the check prints, line by line. */
const run = (): string[] =>
  checkImports(root).map(({ file, imported, rule }) => `${file} → ${imported}: ${rule}`);

test("a repository in order is green", () => {
  expect(run()).toEqual([]);
});

const offences: [file: string, line: string, imported: string, rule: RegExp][] = [
  [
    "packages/conformance/src/index.ts",
    `import "@fal-ai/server-proxy";`,
    "@fal-ai/server-proxy",
    /may not know/,
  ],
  [
    "packages/conformance/test/a.test.ts",
    `type A = import("@fal-ai/server-proxy").A;`,
    "@fal-ai/server-proxy",
    /may not know/,
  ],
  [
    "packages/emulator/src/a.ts",
    `export * from "@fal-ai/server-proxy";`,
    "@fal-ai/server-proxy",
    /may not know/,
  ],
  [
    "packages/gateway/src/index.ts",
    `await import("@fal-ai/server-proxy/dist/esm/web.js");`,
    "@fal-ai/server-proxy/dist/esm/web.js",
    /does not export/,
  ],
  [
    "packages/gateway/src/index.ts",
    `import "../../proxy/src/web.ts";`,
    "../../proxy/src/web.ts",
    /by its name/,
  ],
  [
    "packages/proxy/src/adapters/hono.ts",
    `import type { Context } from "hono";`,
    "hono",
    /no framework/,
  ],
  [
    "packages/proxy/dist/esm/adapters/hono.d.ts",
    `export type C = import("hono").Context;`,
    "hono",
    /no framework/,
  ],
  [
    "packages/proxy/src/adapters/hono.ts",
    `import "./node.ts";`,
    "packages/proxy/src/adapters/node.ts",
    /layer "adapter"/,
  ],
  [
    "packages/proxy/src/adapters/node.ts",
    `import "../upstream/undici.ts";`,
    "packages/proxy/src/upstream/undici.ts",
    /layer "adapter"/,
  ],
  [
    "packages/proxy/src/target.ts",
    `import type { handle } from "./web.ts";`,
    "packages/proxy/src/web.ts",
    /layer "part"/,
  ],
  [
    "packages/proxy/src/decide.ts",
    `import "./guards/limit.ts";`,
    "packages/proxy/src/guards/limit.ts",
    /layer "decision"/,
  ],
  ["packages/proxy/src/decide.ts", `import "#upstream";`, "#upstream", /layer "decision"/],
  [
    "packages/proxy/src/decide.ts",
    `import "./relay.ts";`,
    "packages/proxy/src/relay.ts",
    /layer "decision"/,
  ],
  [
    "packages/proxy/src/head.ts",
    `import "./decide.ts";`,
    "packages/proxy/src/decide.ts",
    /layer "reply"/,
  ],
  [
    "packages/proxy/src/upstream/fetch.ts",
    `import "../head.ts";`,
    "packages/proxy/src/head.ts",
    /layer "upstream"/,
  ],
  [
    "packages/proxy/src/plan.ts",
    `import "./upstream/fetch.ts";`,
    "packages/proxy/src/upstream/fetch.ts",
    /layer "part"/,
  ],
  [
    "packages/proxy/src/upstream/exchange.ts",
    `import "./fetch.ts";`,
    "packages/proxy/src/upstream/fetch.ts",
    /layer "exchange"/,
  ],
  ["packages/proxy/src/end.ts", `import "#upstream";`, "#upstream", /layer "part"/],
  [
    "packages/proxy/src/guards/limit.ts",
    `import "../target.ts"; import "../decide.ts";`,
    "packages/proxy/src/decide.ts",
    /layer "guard"/,
  ],
  [
    "packages/proxy/src/stores/store.ts",
    `import "../call.ts";`,
    "packages/proxy/src/call.ts",
    /layer "store"/,
  ],
  ["packages/proxy/src/extras/a.ts", `export {};`, "packages/proxy/src/extras/a.ts", /no layer/],
  [
    "packages/proxy/src/target.ts",
    `import { inspect } from "node:util"; export { inspect };`,
    "node:util",
    /adapters\/hono|index/,
  ],
  ["packages/proxy/src/web.ts", `import "./upstream/undici.ts";`, "undici", /edge runtime/],
  [
    "packages/proxy/src/node.ts",
    `export const key = process.env["FAL_KEY"];`,
    "process",
    /when it is loaded/,
  ],
  [
    "packages/proxy/src/target.ts",
    `export const key = (() => globalThis.process)();`,
    "process",
    /when it is loaded/,
  ],
];

test.for(offences)("%s with %s is red", async ([file, line, imported, rule]) => {
  await offend(file, line);
  const named = run().filter((text) => text.includes(` → ${imported}: `));
  expect(named).not.toEqual([]);
  expect(named.join("\n")).toMatch(rule);
  // The edge check names the file that does it, which may be further down than the one changed.
  expect(
    named.some((text) =>
      text.startsWith(imported === "undici" ? "packages/proxy/src/upstream" : file),
    ),
  ).toBe(true);
});

test("what is imported as a type only, or touched later, does not reach an edge runtime", async () => {
  await offend("packages/proxy/src/web.ts", `import type { Readable } from "node:stream";`);
  await offend(
    "packages/proxy/src/target.ts",
    `export const env = () => process.env; export type A = typeof process;`,
  );
  expect(run()).toEqual([]);
});

test("as a command it prints each offence and exits with 1", async () => {
  await offend("packages/proxy/src/target.ts", `import "./web.ts";`);
  const { status, stderr } = spawnSync(process.execPath, [script, root], { encoding: "utf8" });
  expect([status, stderr.trim().split("\n")]).toEqual([1, run()]);
  expect(stderr).toContain("packages/proxy/src/target.ts → packages/proxy/src/web.ts: ");
});
