// Proves that the check of adapters goes red: a small repository in order, then one thing forgotten at a time.
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkAdapters } from "../check-adapters.mjs";

let root: string;

/** The files around two adapters: `koa`, whose server is plain, and `nuxt`, which is shown by a built app. */
const files: Record<string, string> = {
  "packages/proxy/src/index.ts": "export {};",
  "packages/proxy/src/adapters/koa.ts": "export {};",
  "packages/proxy/src/adapters/nuxt.ts": "export {};",
  "packages/proxy/package.json": JSON.stringify({
    exports: {
      ".": { import: { default: "./dist/esm/index.js" } },
      "./koa": exported("koa"),
      "./nuxt": exported("nuxt"),
      "./package.json": "./package.json",
    },
    typesVersions: {
      "*": {
        koa: ["./dist/cjs/adapters/koa.d.cts"],
        nuxt: ["./dist/cjs/adapters/nuxt.d.cts"],
      },
    },
  }),
  "README.md": [
    'import { proxy } from "@fal-ai/server-proxy/koa";',
    'import { proxy } from "@fal-ai/server-proxy/nuxt";',
    "<!-- scoreboard -->",
    "| proxy | | MUST passed |",
    "| koa | this package | 1/1 |",
    "| nuxt-node | this package | 1/1 |",
    "| flask | one file | 1/1 |",
    "<!-- /scoreboard -->",
  ].join("\n"),
  "packages/proxy/README.md":
    "| `@fal-ai/server-proxy/koa` | Koa |\n| `@fal-ai/server-proxy/nuxt` | Nuxt |\n",
  "packages/proxy/test/types/koa.ts": 'import { proxy } from "@fal-ai/server-proxy/koa";',
  "packages/proxy/test/types/nuxt.ts": 'import { proxy } from "@fal-ai/server-proxy/nuxt";',
  "packages/proxy/test/servers/koa.mjs": "",
  "packages/proxy/test/conformance/koa.test.ts": 'judge("koa", subjects.koa);',
  "examples/nuxt/build/server.mjs": "",
  "examples/nuxt/test/nuxt.test.ts": 'judge("nuxt-node", apps["nuxt-node"]);',
};

function exported(name: string): object {
  const target = (kind: string, code: string, types: string): object => ({
    types: `./dist/${kind}/adapters/${name}.${types}`,
    default: `./dist/${kind}/adapters/${name}.${code}`,
  });
  return { import: target("esm", "js", "d.ts"), require: target("cjs", "cjs", "d.cts") };
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "check-adapters-"));
  for (const [file, text] of Object.entries(files)) await put(file, text);
  const subject = (adapter: string, file: string): object => ({
    adapter,
    command: `exec "${process.execPath}" "${join(root, file)}"`,
  });
  await put(
    "packages/proxy/test/conformance/subjects.mjs",
    `export const subjects = ${JSON.stringify({ koa: subject("koa", "packages/proxy/test/servers/koa.mjs") })};`,
  );
  await put(
    "examples/testing/apps.mjs",
    `export const apps = ${JSON.stringify({ "nuxt-node": subject("nuxt", "examples/nuxt/build/server.mjs") })};`,
  );
});

afterEach(() => rm(root, { recursive: true, force: true }));

async function put(file: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, file)), { recursive: true });
  await writeFile(join(root, file), text);
}

async function change(file: string, before: string, after: string): Promise<void> {
  const text = await readFile(join(root, file), "utf8");
  expect(text).toContain(before);
  await put(file, text.replace(before, after));
}

test("a repository in order is green", async () => {
  expect(await checkAdapters(root)).toEqual([]);
});

test("the file of an adapter alone lacks everything else, each with what to do", async () => {
  await put("packages/proxy/src/adapters/fastify.ts", "export {};");
  const found = await checkAdapters(root);
  expect(found.map(({ file, complaint }) => `${file}: ${complaint}`)).toEqual([
    expect.stringMatching(
      /^packages\/proxy\/package\.json: "exports" must have "\.\/fastify": \{"import":.*\. Then: npm run build -- proxy$/,
    ),
    'packages/proxy/package.json: "typesVersions" must have "fastify": ["./dist/cjs/adapters/fastify.d.cts"]',
    "README.md: @fal-ai/server-proxy/fastify is not named. Add its five lines",
    "packages/proxy/README.md: @fal-ai/server-proxy/fastify is not named. Add its row",
    expect.stringMatching(
      /^packages\/proxy\/test\/types\/fastify\.ts: no type test imports .*npm run check$/,
    ),
    expect.stringMatching(
      /^packages\/proxy\/test\/conformance\/subjects\.mjs: no server shows the adapter "fastify"\..* npm run case -- fastify$/,
    ),
  ]);
});

const forgotten: [what: string, file: string, before: string, after: string, complaint: RegExp][] =
  [
    [
      "an export for CommonJS",
      "packages/proxy/package.json",
      "./dist/cjs/adapters/koa.cjs",
      "./dist/esm/adapters/koa.js",
      /^"exports" must have "\.\/koa"/,
    ],
    [
      "the types of an old resolution",
      "packages/proxy/package.json",
      '"koa":["./dist/cjs/adapters/koa.d.cts"],',
      "",
      /^"typesVersions" must have "koa"/,
    ],
    [
      "the lines of the README",
      "README.md",
      "@fal-ai/server-proxy/koa",
      "koa",
      /koa is not named\. Add its five lines$/,
    ],
    [
      "the row of the package's README",
      "packages/proxy/README.md",
      "@fal-ai/server-proxy/nuxt",
      "nuxt",
      /nuxt is not named\. Add its row$/,
    ],
    [
      "the type test",
      "packages/proxy/test/types/koa.ts",
      "@fal-ai/server-proxy/koa",
      "koa",
      /^no type test imports/,
    ],
    [
      "the row of the scoreboard",
      "README.md",
      "| koa |",
      "| other |",
      /^the scoreboard has (no row "koa"|a row "other" of nothing)\. .*npm run scoreboard -- --kept --write$/,
    ],
  ];

test.for(forgotten)("without %s it is red", async ([, file, before, after, complaint]) => {
  await change(file, before, after);
  const found = await checkAdapters(root);
  expect(found.length).toBeGreaterThan(0);
  for (const one of found)
    expect(one).toEqual({ file, complaint: expect.stringMatching(complaint) as unknown });
});

test("without its test it is red", async () => {
  await put("packages/proxy/test/conformance/koa.test.ts", "");
  await put("examples/nuxt/test/nuxt.test.ts", "");
  const found = await checkAdapters(root);
  expect(found.map(({ file }) => file)).toEqual([
    "packages/proxy/test/conformance/koa.test.ts",
    "examples/<app>/test",
  ]);
  expect(found[0]?.complaint).toMatch(/^no test judges "koa"\..* npx vitest run packages\/proxy/);
});

test("without its server it is red", async () => {
  await rm(join(root, "packages/proxy/test/servers/koa.mjs"));
  const [found, ...others] = await checkAdapters(root);
  expect(found?.complaint).toMatch(/^"koa" is started from .*koa\.mjs, which does not exist$/);
  expect(others).toEqual([]);
});

test("an adapter that was removed leaves nothing behind", async () => {
  await rm(join(root, "packages/proxy/src/adapters/koa.ts"));
  const found = await checkAdapters(root);
  expect(found).toEqual([
    {
      file: "packages/proxy/test/conformance/subjects.mjs",
      complaint: '"koa" names the adapter "koa". Its `adapter` is one of nuxt',
    },
    {
      file: "packages/proxy/package.json",
      complaint: '"exports" has "./koa", whose source does not exist. Take it out',
    },
  ]);
});

test("what a README names but nobody exports is red", async () => {
  await change(
    "README.md",
    "<!-- scoreboard -->",
    '"@fal-ai/server-proxy/guards"\n<!-- scoreboard -->',
  );
  expect(await checkAdapters(root)).toEqual([
    {
      file: "README.md",
      complaint:
        "@fal-ai/server-proxy/guards is named, which packages/proxy/package.json does not export. Correct it",
    },
  ]);
});
