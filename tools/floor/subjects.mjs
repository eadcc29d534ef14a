// The library on the lowest Node and the lowest dependencies that it asks for, as servers for the conformance kit: both
// fronts. It is copied as it is packed, beside the dependencies of this folder's lock file.
import { cpSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { subjects } from "../../packages/proxy/test/conformance/subjects.mjs";

const root = join(import.meta.dirname, "../..");
const proxy = join(root, "packages/proxy");
const modules = join(import.meta.dirname, "node_modules");

/** Where it is put together; what its servers are built on, such as compression, is found further up. */
export const floor = join(root, ".artifacts/floor");
/** The library in there. */
export const installed = join(floor, "node_modules/@fal-ai/server-proxy");

const binary = existsSync(modules) && readdirSync(modules).find((name) => name.startsWith("node-"));
/** Node at the floor; where there is no binary for this platform, the Node that runs this. */
export const node = binary ? join(modules, binary, "bin/node") : process.execPath;

async function prepare() {
  if (!existsSync(modules)) throw new Error("npm ci is missing in tools/floor");
  rmSync(floor, { recursive: true, force: true });
  for (const part of ["dist", "package.json"]) {
    cpSync(join(proxy, part), join(installed, part), { recursive: true });
  }
  for (const name of readdirSync(modules)) {
    if (name.startsWith("node-") || name.startsWith(".")) continue;
    cpSync(join(modules, name), join(floor, "node_modules", name), { recursive: true });
  }
  cpSync(join(proxy, "test/servers"), join(floor, "servers"), { recursive: true });
}

/** @type {(adapter: "node" | "fetch") => import("../../packages/proxy/test/conformance/subject.ts").Subject} */
const atFloor = (adapter) => ({
  command: `exec "${node}" "${join(floor, "servers", `${adapter}.mjs`)}"`,
  without: subjects[adapter].without,
  prepare,
});

export const floors = {
  "node-at-floor": atFloor("node"),
  "fetch-at-floor": atFloor("fetch"),
};
