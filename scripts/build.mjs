// Builds every package in order of knowledge: emulator, proxy (ESM and CommonJS), conformance, gateway.
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const only = process.argv.slice(2);

const tsc = (...args) =>
  execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), ...args], {
    cwd: root,
    stdio: "inherit",
  });

/** The conditions of `#upstream` in package.json, for one output folder below dist. */
const upstreamImports = (folder) => {
  const fetch = `./${folder}upstream/fetch.js`;
  const undici = `./${folder}upstream/undici.js`;
  return {
    "#upstream": {
      workerd: fetch,
      "edge-light": fetch,
      deno: fetch,
      bun: fetch,
      node: undici,
      default: fetch,
    },
  };
};

const build = {
  emulator: () => tsc("-p", "packages/emulator"),
  proxy: () => {
    const cjs = [
      "--module",
      "commonjs",
      "--moduleResolution",
      "bundler",
      "--outDir",
      "packages/proxy/dist/cjs",
    ];
    const commonjs = [...cjs, "--verbatimModuleSyntax", "false", "--esModuleInterop"];
    for (const project of ["packages/proxy/tsconfig.json", "packages/proxy/tsconfig.node.json"]) {
      tsc("-p", project);
      tsc("-p", project, ...commonjs);
    }
    // The nearer package.json decides both the module format and the targets of `#upstream`.
    const scope = { type: "commonjs", imports: upstreamImports("") };
    writeFileSync(
      join(root, "packages/proxy/dist/cjs/package.json"),
      JSON.stringify(scope, null, 2),
    );
  },
  conformance: () => tsc("-p", "packages/conformance"),
  gateway: () => {
    tsc("-p", "packages/gateway");
  },
};

for (const [name, run] of Object.entries(build)) {
  if (only.length > 0 && !only.includes(name)) continue;
  rmSync(join(root, "packages", name, "dist"), { recursive: true, force: true });
  run();
}
