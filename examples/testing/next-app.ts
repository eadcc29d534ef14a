// Builds a Next app of this folder with the library as it is now, and runs it for production in front of an emulator.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";

const examples = join(import.meta.dirname, "..");
const library = join(examples, "../packages/proxy");

export interface NextApp {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Everything that the server has printed. */
  printed(): string;
  stop(): Promise<void>;
}

/** `next build`, with the library copied anew: npm installed it when it was perhaps not even built. */
export async function buildNextApp(name: string): Promise<void> {
  const folder = join(examples, name);
  const installed = join(folder, "node_modules/@fal-ai/server-proxy");
  rmSync(join(installed, "dist"), { recursive: true, force: true });
  for (const part of ["dist", "package.json"]) {
    cpSync(join(library, part), join(installed, part), { recursive: true });
  }
  const child = next(folder, ["build"], {});
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`next build failed in ${name}:\n${output(child)}`);
}

/** `next start` on a free port. `env` is added to an environment that knows nothing of fal. */
export async function startNextApp(name: string, env: Record<string, string>): Promise<NextApp> {
  const child = next(
    join(examples, name),
    ["start", "--hostname", "127.0.0.1", "--port", "0"],
    env,
  );
  const ended = once(child, "close");
  const url = await Promise.race([listening(child), ended.then(() => undefined)]);
  if (url === undefined) throw new Error(`next start ended in ${name}:\n${output(child)}`);
  return {
    url,
    printed: () => output(child),
    async stop() {
      child.kill("SIGTERM");
      // Next waits for open streams; a test that left one has failed already.
      const late = setTimeout(() => child.kill("SIGKILL"), 5000);
      await ended;
      clearTimeout(late);
    },
  };
}

const outputs = new WeakMap<ChildProcess, string>();
const output = (child: ChildProcess): string => outputs.get(child) ?? "";

function next(folder: string, command: string[], env: Record<string, string>): ChildProcess {
  const clean = Object.entries(process.env).filter(
    ([key]) => !/^(FAL_|NODE_ENV$|VITEST)/.test(key),
  );
  const child = spawn(process.execPath, ["node_modules/next/dist/bin/next", ...command], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...Object.fromEntries(clean), ...env, NEXT_TELEMETRY_DISABLED: "1" },
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream
      .setEncoding("utf8")
      .on("data", (text: string) => outputs.set(child, output(child) + text));
  }
  return child;
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.stdout?.on("data", () => {
      const [url] = /http:\/\/127\.0\.0\.1:[1-9]\d*/.exec(output(child)) ?? [];
      if (url !== undefined && /Ready/.test(output(child))) resolve(url);
    });
  });
}
