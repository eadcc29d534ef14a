// Example apps that are built before they run: with the library as it is now, and only when something has changed.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf } from "../../scripts/digest.mjs";

const examples = join(import.meta.dirname, "..");
const library = join(examples, "../packages/proxy");
/** @type {(name: string) => string} */
const folderOf = (name) => join(examples, name);

/** What a build writes, or does not read. */
const notSource = /^(\..*|node_modules|build|test|README\.md|next-env\.d\.ts|.*\.tsbuildinfo)$/;

/**
 * Runs the app's own build, after its copy of the library is made anew: npm may have copied an older one. Does
 * nothing when the last build was made from the same files.
 *
 * @param {string} name the app's folder
 * @throws {Error} with what the build printed when it fails
 */
export async function buildApp(name) {
  const folder = folderOf(name);
  const installed = join(folder, "node_modules/@fal-ai/server-proxy");
  if (!existsSync(installed)) throw new Error(`npm ci is missing in examples/${name}`);
  // Beside the output, so that whoever deletes it builds again.
  const output = existsSync(join(folder, "next.config.ts")) ? ".next" : "build";
  const stamp = join(folder, output, "made-from");
  const parts = ["dist", "package.json"].map((part) => join(library, part));
  const sources = digestOf(examples, [folder, ...parts], (file) => !notSource.test(file));
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === sources) return;

  rmSync(stamp, { force: true });
  rmSync(join(installed, "dist"), { recursive: true, force: true });
  for (const part of ["dist", "package.json"]) {
    cpSync(join(library, part), join(installed, part), { recursive: true });
  }
  await run(name, "npm", "run", "build");
  writeFileSync(stamp, sources);
}

/** @type {(name: string, ...command: [string, ...string[]]) => Promise<void>} */
async function run(name, program, ...args) {
  const child = spawn(program, args, {
    cwd: folderOf(name),
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...cleanEnvironment(),
      // The test runner's own would make a development build.
      NODE_ENV: "production",
      NEXT_TELEMETRY_DISABLED: "1",
      // Beside the usual output: `output: "standalone"`, without writing it into the example's configuration.
      NEXT_PRIVATE_STANDALONE: "1",
    },
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (bytes) => (printed += String(bytes)));
  }
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`the build of examples/${name} failed:\n${printed}`);
}

/**
 * The environment without a key of the developer's own, and without what a test runner tells its children.
 *
 * @returns {NodeJS.ProcessEnv}
 */
export function cleanEnvironment() {
  const entries = Object.entries(process.env);
  return Object.fromEntries(entries.filter(([key]) => !/^(FAL_|NODE_ENV$|VITEST)/.test(key)));
}

/**
 * The command that serves a built app.
 *
 * @param {string} name the app's folder
 * @param {string} file a file below it, with arguments
 */
export const appCommand = (name, file) =>
  `cd "${folderOf(name)}" && NODE_ENV=production exec "${process.execPath}" ${file}`;

/**
 * The text of one of its files.
 *
 * @type {(name: string, path: string) => string}
 */
export const appFile = (name, path) => readFileSync(join(folderOf(name), path), "utf8");
