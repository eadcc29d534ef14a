/** Runs the command that starts a proxy: hands it a free port, waits until it answers there, stops its whole group. */
import { spawn } from "node:child_process";
import { connect, createServer } from "node:net";

/** A proxy that runs. */
export interface Started {
  readonly url: URL;
  /** Its process, or the shell that leads its process group. */
  readonly pid?: number | undefined;
  /** Everything printed so far, the last 64 KiB of it. */
  readonly printed?: () => string;
  /** Whether its process has ended by itself. */
  readonly ended?: () => boolean;
  stop(): Promise<void>;
}

export interface StartOptions {
  /** A shell command; `$PORT` and the rest are in its environment. */
  readonly command: string;
  /** Added to the kit's own environment; `undefined` unsets. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Path of the proxy on its server. */
  readonly path: string;
  /** Milliseconds until the port must answer. @default 30000 */
  readonly patienceMs?: number;
}

/** The command ended, or its port stayed shut. */
export class StartFailed extends Error {
  /** It ended by itself, in an orderly way or not: a proxy may refuse to start. */
  readonly exited: boolean;
  readonly printed: string;

  constructor(message: string, exited: boolean, printed: string) {
    super(`${message}\n${printed}`.trimEnd());
    this.name = "StartFailed";
    this.exited = exited;
    this.printed = printed;
  }
}

/** @throws {StartFailed} */
export async function startCommand(options: StartOptions): Promise<Started> {
  const port = await freePort();
  const child = spawn(options.command, {
    shell: true,
    // A group of its own, so that the servers which a shell starts are stopped with it.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, HOST: "127.0.0.1", ...options.environment, PORT: String(port) },
  });
  let output = "";
  const keep = (bytes: Buffer): void => {
    output = (output + bytes.toString()).slice(-64 * 1024);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  let exitCode: number | string | null = null;
  const exited = new Promise<void>((resolve) => {
    child.once("exit", (code, signal) => {
      exitCode = code ?? signal ?? "unknown";
      resolve();
    });
    child.once("error", (error) => {
      exitCode = error.message;
      resolve();
    });
  });

  const stop = async (): Promise<void> => {
    if (child.pid === undefined) return;
    signalGroup(child.pid, "SIGTERM");
    const late = setTimeout(() => signalGroup(child.pid as number, "SIGKILL"), 2000);
    if (exitCode === null) await exited;
    clearTimeout(late);
    signalGroup(child.pid, "SIGKILL");
  };

  const deadline = Date.now() + (options.patienceMs ?? 30_000);
  while (!(await answers(port))) {
    if (exitCode !== null) {
      throw new StartFailed(`"${options.command}" ended with ${exitCode}`, true, output);
    }
    if (Date.now() > deadline) {
      await stop();
      throw new StartFailed(`"${options.command}" did not listen on PORT ${port}`, false, output);
    }
    await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, 50))]);
  }
  return {
    url: new URL(options.path, `http://127.0.0.1:${port}`),
    pid: child.pid,
    printed: () => output,
    ended: () => exitCode !== null,
    stop,
  };
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone already.
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
