// Runs a Next app of this folder: built, for production, or as its developer does.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../packages/proxy/test/support/free-port.ts";
import { cleanEnvironment } from "./built-app.mjs";

const examples = join(import.meta.dirname, "..");
const next = "node_modules/next/dist/bin/next";

export interface NextApp {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Everything that it has printed so far. */
  printed(): string;
  stop(): Promise<void>;
}

/** `next start` on a free port. `env` is added to an environment that knows nothing of fal. */
export function startNextApp(name: string, env: Record<string, string>): Promise<NextApp> {
  return listen(join(examples, name), [next, "start", "-H", "127.0.0.1"], env);
}

/** `next dev`, which says what it finds wrong with an answer. Its output is apart from that of a build. */
export function startNextDev(name: string, env: Record<string, string>): Promise<NextApp> {
  return listen(join(examples, name), [next, "dev", "-H", "127.0.0.1"], env);
}

/**
 * Only the files that Next has traced, in a folder of their own: what a deployment gets, on Vercel and in a container.
 */
export async function startDeployment(name: string, env: Record<string, string>): Promise<NextApp> {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  const standalone = join(examples, name, ".next/standalone");
  cpSync(standalone, folder, { recursive: true, verbatimSymlinks: true });
  const app = await listen(folder, ["server.js"], env);
  const stop = async (): Promise<void> => {
    await app.stop();
    rmSync(folder, { recursive: true });
  };
  return { ...app, stop };
}

async function listen(
  folder: string,
  command: string[],
  env: Record<string, string>,
): Promise<NextApp> {
  // Next's standalone server takes port 0 for 3000.
  const port = await freePort();
  const address = { HOSTNAME: "127.0.0.1", PORT: String(port) };
  const { child, printed } = run(folder, command, { ...env, ...address });
  const ended = once(child, "close");
  const ready = new Promise<void>((resolve) => {
    child.stdout?.on("data", () => printed().includes("Ready") && resolve());
  });
  await Promise.race([ready, ended]);
  if (child.exitCode !== null) throw new Error(`${command.join(" ")} ended:\n${printed()}`);
  return {
    url: `http://127.0.0.1:${port}`,
    printed,
    async stop() {
      child.kill("SIGTERM");
      // Next waits for open streams; a test that left one has failed already.
      const late = setTimeout(() => child.kill("SIGKILL"), 5000);
      await ended;
      clearTimeout(late);
    },
  };
}

interface Running {
  readonly child: ChildProcess;
  /** Everything that it has printed so far. */
  printed(): string;
}

function run(folder: string, command: string[], env: Record<string, string>): Running {
  const child = spawn(process.execPath, command, {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...cleanEnvironment(), ...env, NEXT_TELEMETRY_DISABLED: "1" },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  return { child, printed: () => output };
}
