/** The suite of stores on the SQLite of the runtime that runs it: `bun:sqlite`, or `node:sqlite`. Prints what fails. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqliteStore } from "@fal-ai/server-proxy/stores/sqlite";
import { storeTests } from "@fal-ai/server-proxy/stores/testing";

const isBun = "Bun" in globalThis;
const driver = await import(isBun ? "bun:sqlite" : "node:sqlite");
const Database = isBun ? driver.Database : driver.DatabaseSync;
const folder = mkdtempSync(join(tmpdir(), "fal-proxy-suite-"));
const open = (/** @type {string} */ scope) =>
  sqliteStore(new Database(join(folder, "fal.db")), { scope });
let [passed, failed] = [0, 0];
for (const [name, run] of storeTests({ open })) {
  try {
    await run();
    passed += 1;
  } catch (error) {
    failed += 1;
    console.log(`${name}: ${String(error)}`);
  }
}
rmSync(folder, { recursive: true });
console.log(`${passed} passed, ${failed} failed`);
