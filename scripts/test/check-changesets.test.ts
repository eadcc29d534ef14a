// Proves that the check for changesets goes red, on a small repository that nobody has a history of.
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkChangesets, recordRelease } from "../check-changesets.mjs";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "check-changesets-"));
  for (const name of ["lib", "app"]) {
    await put(`packages/${name}/package.json`, manifest(name, {}));
    await put(`packages/${name}/src/index.ts`, "export {};\n");
  }
  await put(".changeset/README.md", "# Changesets\n");
  recordRelease(root);
});

afterEach(() => rm(root, { recursive: true, force: true }));

const manifest = (name: string, more: object): string =>
  JSON.stringify({ name, version: "1.0.0", ...more });

async function put(file: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, file)), { recursive: true });
  await writeFile(join(root, file), text);
}

const forgotten = (name: string): unknown => [
  {
    file: ".changeset/<a-name-of-its-own>.md",
    complaint: expect.stringContaining(
      `packages/${name} has changed since 1.0.0, and no changeset names ${name}. Run: npm run changeset`,
    ) as unknown,
  },
];

test("what was released is in order", () => {
  expect(checkChangesets(root)).toEqual([]);
});

test.each([
  ["a source", "packages/lib/src/index.ts", "export const a = 1;\n"],
  ["a new source", "packages/lib/src/deep/a.ts", "export {};\n"],
  ["a file that is shipped as it is", "packages/lib/assets/a.txt", "a"],
  ["a dependency", "packages/lib/package.json", manifest("lib", { dependencies: { a: "1" } })],
])("%s that changed without a changeset is red, and green with one", async (_, file, text) => {
  await put(file, text);
  expect(checkChangesets(root)).toEqual(forgotten("lib"));
  await put(".changeset/tidy-owls-sing.md", '---\n"lib": minor\n---\n\nIt has an a.\n');
  expect(checkChangesets(root)).toEqual([]);
});

test("what only its developers see needs none", async () => {
  await put("packages/lib/test/a.test.ts", "export {};\n");
  await put("packages/lib/ui/node_modules/a.js", "export {};\n");
  await put("packages/lib/package.json", manifest("lib", { devDependencies: { a: "1" } }));
  await put("packages/lib/src/index.ts", "export {};\r\n");
  expect(checkChangesets(root)).toEqual([]);
});

test("a changeset of another package does not help", async () => {
  await put("packages/lib/src/index.ts", "export const a = 1;\n");
  await put(".changeset/tidy-owls-sing.md", "---\napp: patch\n---\n\nNothing.\n");
  expect(checkChangesets(root)).toEqual(forgotten("lib"));
});

test.each([
  ["no front matter", "It has an a.\n"],
  ["no package", "---\n---\n\nIt has an a.\n"],
  ["an unknown package", '---\n"lab": patch\n---\n\nIt has an a.\n'],
  ["an unknown size", '---\n"lib": huge\n---\n\nIt has an a.\n'],
  ["nothing to say", '---\n"lib": patch\n---\n'],
])("a changeset with %s is red", async (_, text) => {
  await put(".changeset/tidy-owls-sing.md", text);
  expect(checkChangesets(root)).toEqual([
    {
      file: ".changeset/tidy-owls-sing.md",
      complaint: expect.stringContaining('"app": patch') as unknown,
    },
  ]);
});

test("a version that was made by hand is red until it is recorded", async () => {
  await put("packages/lib/package.json", JSON.stringify({ name: "lib", version: "1.1.0" }));
  expect(checkChangesets(root)).toEqual([
    {
      file: ".changeset/released.json",
      complaint: "lib 1.1.0 was made without it. Make releases with: npm run release:version",
    },
  ]);
  recordRelease(root);
  expect(checkChangesets(root)).toEqual([]);
  expect(JSON.parse(await readFile(join(root, ".changeset/released.json"), "utf8"))).toMatchObject({
    lib: { version: "1.1.0" },
  });
});
