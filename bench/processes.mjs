// Starts and stops the processes of a run: the stand-in of fal, the driver, the contestants.
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { KEY } from "./traffic.mjs";

const here = import.meta.dirname;
const running = new Set();

process.on("exit", () => {
  for (const child of running) child.kill("SIGTERM");
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

/** Starts the stand-in of fal. @returns {Promise<number>} its port */
export async function startUpstream() {
  const child = keep(fork(join(here, "upstream.mjs")));
  const [port] = await once(child, "message");
  return port;
}

/** Starts the driver. @returns a function that gives it a job and resolves with the result */
export function startDriver() {
  const child = keep(fork(join(here, "driver.mjs")));
  return async (job, options) => {
    child.send({ job, ...options });
    const [{ error, result }] = await once(child, "message");
    if (error !== undefined) throw new Error(error);
    return result;
  };
}

/**
 * Starts a contestant and waits until it accepts connections.
 *
 * @param contestant as `findContestants` describes it
 * @param {{ upstreamPort: number, profile?: string }} options `profile`: a folder for a V8 CPU profile
 * @returns undefined when it ended by itself (nginx is not installed)
 */
export async function startContestant(contestant, { upstreamPort, profile }) {
  const { name, program, node, library } = contestant;
  const file = join(here, "contestants", `${program}.mjs`);
  const port = await freePort();
  const profileName = `${name.replace("/", "-")}-${port}`;
  const profiling =
    profile === undefined
      ? []
      : ["--cpu-prof", `--cpu-prof-dir=${profile}`, `--cpu-prof-name=${profileName}.cpuprofile`]
          // A profile is written on an orderly exit alone.
          .concat("--import", 'data:text/javascript,process.on("SIGTERM",()=>process.exit())');
  const otherLibrary = library === undefined ? [] : ["--import", join(here, "library.mjs")];
  const child = keep(
    spawn(node, [...profiling, ...otherLibrary, file], {
      stdio: ["ignore", "ignore", "pipe"],
      env: {
        ...process.env,
        NODE_ENV: "production",
        PORT: String(port),
        FAL_KEY: KEY,
        ...(library === undefined ? {} : { BENCH_LIBRARY: library }),
        FAL_PROXY_UPSTREAM: `http://127.0.0.1:${upstreamPort}`,
      },
    }),
  );
  let complaints = "";
  child.stderr.on("data", (text) => (complaints += text));
  while (!(await accepts(port))) {
    if (child.exitCode !== null) {
      if (complaints !== "") throw new Error(`${name} did not start:\n${complaints}`);
      return undefined;
    }
    await wait(20);
  }
  const stop = async () => {
    child.kill("SIGTERM");
    if (child.exitCode !== null || child.signalCode !== null) return;
    // Some wait for open connections first.
    const late = setTimeout(() => child.kill("SIGKILL"), 5_000);
    await once(child, "exit");
    clearTimeout(late);
  };
  return { ...contestant, port, pid: child.pid, stop };
}

function keep(child) {
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(true));
    socket.on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}
