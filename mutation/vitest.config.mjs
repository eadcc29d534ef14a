// The tests that a mutant meets: those of the library that run in one process and in a moment. What they import by
// the library's name is its sources here, since a mutant is not built.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

const root = join(import.meta.dirname, "..");
const src = join(root, "packages/proxy/src");
const tests = join(root, "packages/proxy/test");

// Many thousand requests or patterns; other processes, which no mutant reaches; packages of tools/, which the copy lacks.
const SLOW =
  /^(target-hostile|differential|glob-differential|fuzz|glob-work|workerd|published-exports|clients|nitro|runtimes|serverless)[.]/;
const overSockets = (file) =>
  /"(node:(http2?|net)|fal-emulator|[.]\/support\/.*)"/.test(
    readFileSync(join(tests, file), "utf8"),
  );

const files = readdirSync(tests)
  .filter((file) => file.endsWith(".test.ts") && !SLOW.test(file))
  .filter((file) => process.env["MUTATION_GROUP"] === "relaying" || !overSockets(file));

export default defineConfig({
  root,
  resolve: {
    alias: [
      { find: /^@fal-ai\/server-proxy$/, replacement: join(src, "index.ts") },
      { find: /^@fal-ai\/server-proxy\/(.+)$/, replacement: join(src, "adapters/$1.ts") },
      { find: /^#upstream$/, replacement: join(src, "upstream/undici.ts") },
    ],
  },
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    include: ["mutation/loads.test.mjs", ...files.map((file) => `packages/proxy/test/${file}`)],
  },
});
