/** Real database servers for tests: started on free ports of loopback, killed, started again, and removed. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";

export interface DatabaseServer {
  readonly port: number;
  /** Ends it at once, as a power failure would; what it has not written is lost. */
  kill(): Promise<void>;
  /** Starts it again on what it has written. */
  start(): Promise<void>;
  /** Stands still, and goes on. */
  pause(): void;
  resume(): void;
  /** Ends it, and removes what it has written. */
  remove(): Promise<void>;
}

/**
 * Redis, empty. @param options as on its command line
 * @throws Error that says how to get it
 */
export async function startRedis(options: readonly string[] = []): Promise<DatabaseServer> {
  const folder = mkdtempSync(join(tmpdir(), "fal-proxy-redis-"));
  const binary = found("redis-server", ["/usr/bin", "/usr/local/bin"]);
  return startServer(folder, (port) =>
    spawn(
      binary,
      [
        "--port",
        `${port}`,
        "--bind",
        "127.0.0.1",
        "--dir",
        folder,
        "--save",
        "",
        "--appendonly",
        "no",
        ...options,
      ],
      {
        stdio: "ignore",
      },
    ),
  );
}

/** Postgres, empty, whose user is `postgres` without a password. */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<DatabaseServer> {
  const folder = mkdtempSync(join(tmpdir(), "fal-proxy-postgres-"));
  const binaries = postgresBinaries();
  // It refuses to run as root.
  const user = process.getuid?.() === 0 ? idsOf("postgres") : undefined;
  if (user) chownSync(folder, user.uid, user.gid);
  const data = join(folder, "data");
  const made = spawnSync(
    found("initdb", binaries),
    ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
    { ...user, cwd: folder, encoding: "utf8" },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  const all = { fsync: "off", max_connections: "200", ...settings };
  return startServer(
    folder,
    (port) =>
      spawn(
        found("postgres", binaries),
        [
          "-D",
          data,
          "-p",
          `${port}`,
          "-h",
          "127.0.0.1",
          "-k",
          folder,
          ...Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
        ],
        { ...user, cwd: folder, stdio: "ignore" },
      ),
    // It lets clients in some time before it answers them.
    (port) =>
      spawnSync(found("pg_isready", binaries), ["-q", "-h", "127.0.0.1", "-p", `${port}`])
        .status === 0,
  );
}

function postgresBinaries(): string[] {
  const versions = "/usr/lib/postgresql";
  const installed = existsSync(versions) ? readdirSync(versions) : [];
  installed.sort((one, other) => Number(other) - Number(one));
  return [
    ...installed.map((version) => join(versions, version, "bin")),
    "/usr/local/bin",
    "/usr/bin",
  ];
}

function found(name: string, folders: readonly string[]): string {
  const path = folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
  if (path === undefined) {
    throw new Error(
      `${name} is missing: npm test installs it as root on Debian; else sudo apt-get install redis-server postgresql-15`,
    );
  }
  return path;
}

function idsOf(user: string): { uid: number; gid: number } {
  const id = (option: string): number =>
    Number(spawnSync("id", [option, user], { encoding: "utf8" }).stdout);
  return { uid: id("-u"), gid: id("-g") };
}

/** @param isReady whether it takes questions, once it takes connections */
async function startServer(
  folder: string,
  run: (port: number) => ChildProcess,
  isReady: (port: number) => boolean = () => true,
): Promise<DatabaseServer> {
  const port = await freePort();
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    child = run(port);
    for (let tries = 0; !(await answers(port)) || !isReady(port); tries++) {
      if (tries > 300) throw new Error(`no server on port ${port}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
      // One that was killed may still hold its files for a moment.
      if (child.exitCode !== null) child = run(port);
    }
  };
  const kill = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    signal(child, "SIGKILL");
    await exited;
  };
  await start();
  // A test that is broken off leaves nothing behind.
  process.once("exit", () => child && signal(child, "SIGKILL"));
  return {
    port,
    start,
    kill,
    pause: () => child && signal(child, "SIGSTOP"),
    resume: () => child && signal(child, "SIGCONT"),
    remove: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Postgres answers each client from a process of its own, in no common group. */
function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  const list = `/proc/${pid}/task/${pid}/children`;
  const children = existsSync(list) ? readFileSync(list, "utf8").trim() : "";
  for (const one of [pid, ...children.split(" ").filter(Boolean).map(Number)]) {
    try {
      process.kill(one as number, name);
    } catch {
      // It has ended by itself.
    }
  }
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
