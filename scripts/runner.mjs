// Runs one command to its end, with a time limit: the common ground of `npm run check` and `npm test`.
import { spawn } from "node:child_process";
import { join } from "node:path";

export const root = join(import.meta.dirname, "..");

/**
 * @param {string[]} command program and arguments
 * @param {{ cwd?: string, env?: Record<string, string>, echo?: boolean, timeoutMs?: number }} options
 *   `echo`: show the output as it comes
 * @returns {Promise<{ ok: boolean, output: string, seconds: string }>} never rejects: what cannot start has failed
 */
export function runCommand(
  [program, ...args],
  { cwd = root, env, echo, timeoutMs = 600_000 } = {},
) {
  const started = Date.now();
  const chunks = [];
  return new Promise((settle) => {
    const finish = (ok, note = "") => {
      const output = Buffer.concat(chunks).toString() + note;
      settle({ ok, output, seconds: ((Date.now() - started) / 1000).toFixed(1) });
    };
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: timeoutMs,
      killSignal: "SIGKILL",
    });
    const keep = (stream, terminal) =>
      stream.on("data", (chunk) => {
        chunks.push(chunk);
        if (echo) terminal.write(chunk);
      });
    keep(child.stdout, process.stdout);
    keep(child.stderr, process.stderr);
    child.once("error", (error) => finish(false, `${error.message}\n`));
    child.once("close", (code, signal) =>
      finish(code === 0, signal ? `ended by ${signal} after ${timeoutMs / 1000} s at most\n` : ""),
    );
  });
}
