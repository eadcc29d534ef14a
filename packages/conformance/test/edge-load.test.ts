/** Which entries of a package are judged as edge entries: all that load nothing of Node's own, whatever they are called. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadOnEdge } from "../src/edge-load.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "edge-load-"));
  await writeFile(
    join(folder, "needs-zlib.cjs"),
    'require("zlib"); module.exports = Buffer.from("a");',
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function load(text: string): ReturnType<typeof loadOnEdge> {
  const file = join(folder, `${crypto.randomUUID()}.mjs`);
  await writeFile(file, text);
  return loadOnEdge(file);
}

it("loads a module that touches Node's globals when it is called", async () => {
  const text = "export const key = () => process.env.FAL_KEY;";
  expect(await load(text)).toEqual({ builtins: [], trouble: "" });
});

it.each(["process.env.FAL_KEY", "Buffer.from('a')", "global.fetch", "setImmediate"])(
  "fails where %s is read at once",
  async (expression) => {
    const { builtins, trouble } = await load(`export const value = ${expression};`);
    expect(builtins).toEqual([]);
    expect(trouble).toContain("ReferenceError");
  },
);

it("tells a server's entry by what it imports, also behind CommonJS", async () => {
  const esm = await load('import "node:stream"; export const value = process.pid;');
  expect(esm.builtins).toEqual(["node:stream"]);
  expect(esm.trouble).toContain("ReferenceError");
  const cjs = await load('import value from "./needs-zlib.cjs"; export { value };');
  expect(cjs.builtins).toEqual(["zlib"]);
  expect(cjs.trouble).toContain("ReferenceError");
});
