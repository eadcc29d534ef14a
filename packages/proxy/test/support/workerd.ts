/** A Worker in workerd, the runtime of Cloudflare Workers. */
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { startServerProcess, type ServerProcess } from "./server-process.ts";

const workerd = join(
  import.meta.dirname,
  "../../../../tools/workerd/node_modules/workerd/bin/workerd",
);

/** Keeps a secret as Cloudflare's Secrets Store does: it must be asked. */
const store = `
  import { WorkerEntrypoint } from "cloudflare:workers";
  export class Store extends WorkerEntrypoint {
    async get() { return "id:secret"; }
  }
  export default {};`;

/** The key as plain text, and by asking a Secrets Store. */
export const KEYS = {
  text: '(name = "FAL_KEY", text = "id:secret")',
  store: '(name = "FAL_KEY", service = (name = "store", entrypoint = "Store"))',
};

/**
 * Starts the Worker whose whole code is `worker.mjs` in the folder.
 *
 * @param flags compatibility flags
 * @param key one of `KEYS`
 * @param upstream the fal to send to
 */
export async function startWorker(
  folder: string,
  { flags, key, upstream }: { flags: readonly string[]; key: string; upstream: string },
): Promise<ServerProcess> {
  expect(existsSync(workerd), "workerd is missing: npm ci in tools/workerd").toBe(true);
  await writeFile(join(folder, "store.mjs"), store);
  const config = (port: number): string => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "store", worker = .store),
    (name = "internet", network = (allow = ["private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "worker.mjs")],
  bindings = [
    ${key},
    (name = "FAL_PROXY_UPSTREAM", text = "${upstream}"),
  ],
  compatibilityDate = "2026-09-01",
  compatibilityFlags = ${JSON.stringify(flags)},
);
const store :Workerd.Worker = (
  modules = [(name = "store", esModule = embed "store.mjs")],
  compatibilityDate = "2026-09-01",
);
`;
  const serve = async (port: number): Promise<string[]> => {
    await writeFile(join(folder, "config.capnp"), config(port));
    return ["serve", "config.capnp"];
  };
  return startServerProcess(workerd, serve, { cwd: folder });
}
