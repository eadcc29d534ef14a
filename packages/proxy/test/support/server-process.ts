/** A server of another process, a runtime's or what a framework has built, and how it is asked. */
import { spawn } from "node:child_process";
import { until } from "./fronts.ts";
import { freePort } from "./free-port.ts";

export interface ServerProcess {
  /** Its origin. */
  readonly url: string;
  /** What it has printed so far. */
  printed(): string;
  kill(): void;
}

/**
 * Starts one and resolves once it answers.
 *
 * @param args may depend on the port, which is in `PORT` as well
 * @param group whether what it starts itself ends with it
 */
export async function startServerProcess(
  command: string,
  args: (port: number) => readonly string[] | Promise<readonly string[]>,
  {
    cwd,
    env = {},
    group = false,
  }: { cwd?: string; env?: Record<string, string>; group?: boolean } = {},
): Promise<ServerProcess> {
  const port = await freePort();
  let printed = "";
  const child = spawn(command, await args(port), {
    ...(cwd !== undefined && { cwd }),
    env: { PATH: process.env["PATH"] ?? "", PORT: String(port), ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: group,
  });
  for (const output of [child.stdout, child.stderr]) {
    output.on("data", (text: Buffer) => (printed += String(text)));
  }
  const url = `http://127.0.0.1:${port}`;
  let answers = false;
  await until(
    () => {
      if (child.exitCode !== null) throw new Error(`It has ended: ${printed}`);
      fetch(url).then(
        () => (answers = true),
        () => {},
      );
      return answers;
    },
    "its first answer",
    60,
  );
  const kill = (): void => {
    if (group && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    else child.kill("SIGKILL");
  };
  return { url, printed: () => printed, kill };
}

/** Posts JSON for `https://<path>` to a proxy, unless `init` says otherwise. */
export function ask(proxy: string, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(proxy, {
    method: "POST",
    body: '{"prompt":"ein Kätzchen 🐈"}',
    ...init,
    headers: {
      "content-type": "application/json",
      "x-fal-target-url": `https://${path}`,
      ...(init.headers as Record<string, string>),
    },
  });
}
