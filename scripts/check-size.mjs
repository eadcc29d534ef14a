// Keeps the library small on the edge: own code of the fetch entry, minified as a Worker would ship it.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

// The goal is 24 KiB, with nothing imported. The limit is what it weighs today, rounded up, and is only ever lowered: half of
// it are the sentences that tell an operator or a caller what to change.
const goal = 24 * 1024;
const limit = 41 * 1024;
const root = join(import.meta.dirname, "..");
const entry = join(root, "packages/proxy/dist/esm/adapters/fetch.js");

if (!existsSync(entry)) {
  console.error("the library is not built: npm run build");
  process.exit(1);
}
const { outputFiles, metafile } = await build({
  entryPoints: [entry],
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  format: "esm",
  target: "es2022",
  conditions: ["workerd"],
  absWorkingDir: root,
});
const size = outputFiles[0].contents.length;
console.log(`fetch entry: ${size} of ${limit} bytes minified, the goal is ${goal}`);
if (size > limit) {
  const [output] = Object.values(metafile.outputs);
  const parts = Object.entries(output.inputs).toSorted(
    ([, a], [, b]) => b.bytesInOutput - a.bytesInOutput,
  );
  for (const [file, { bytesInOutput }] of parts) console.error(`${bytesInOutput}\t${file}`);
  process.exitCode = 1;
}
