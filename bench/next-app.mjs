// The Next app of `next/`: built for production with a library as it is now, and run as `next start` does.
import { spawnSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { installDependencies } from "../scripts/dependencies.mjs";

const app = join(import.meta.dirname, "next");
const installed = join(app, "node_modules/@fal-ai/server-proxy");
const program = join(app, "node_modules/next/dist/bin/next");

const environment = (library) => ({
  NEXT_TELEMETRY_DISABLED: "1",
  BENCH_NEXT_OUTPUT: library === undefined ? ".next" : ".next-other",
});

/** @param {string} [library] the folder of another build than this workspace's */
export function buildNextApp(library) {
  installDependencies(app, (what) => console.error(`bench: ${what}`));
  const source = library ?? join(app, "../../packages/proxy");
  // npm has copied the library when it was perhaps not even built.
  rmSync(join(installed, "dist"), { recursive: true, force: true });
  for (const part of ["dist", "package.json"]) {
    cpSync(join(source, part), join(installed, part), { recursive: true });
  }
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, "build"], {
    cwd: app,
    env: { ...process.env, ...environment(library), NODE_ENV: "production" },
    encoding: "utf8",
    timeout: 600_000,
  });
  if (status !== 0) throw new Error(`next build failed:\n${stdout}${stderr}`);
}

/** Becomes `next start`, in this process: a contestant is one. */
export async function startNextApp() {
  Object.assign(process.env, environment(process.env.BENCH_LIBRARY));
  process.argv.splice(1, Infinity, program, "start", app, "--hostname", "127.0.0.1");
  await import(program);
}
