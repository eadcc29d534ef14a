// Metered, with the state in a file.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqliteStore } from "@fal-ai/server-proxy/stores/sqlite";
import Database from "libsql";
import { serve } from "../metered.mjs";

const folder = mkdtempSync(join(tmpdir(), "fal-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
process.on("SIGTERM", () => process.exit());
const store = sqliteStore(new Database(join(folder, "fal.db")));
await store.prepare();
serve(store);
