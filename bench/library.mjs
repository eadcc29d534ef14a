// Imported before a contestant that `--library` doubles: loads the library from the folder in $BENCH_LIBRARY
// instead of from this workspace, so that two builds of it meet in one run.
import { register } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { isMainThread } from "node:worker_threads";

// Node runs the hooks of a file in a thread of their own.
if (isMainThread) register(import.meta.url);

// A package finds itself by its own name.
const parentURL = pathToFileURL(join(process.env.BENCH_LIBRARY, "package.json")).href;

export function resolve(specifier, context, next) {
  const ofLibrary = specifier.startsWith("@fal-ai/server-proxy/");
  return next(specifier, ofLibrary ? { ...context, parentURL } : context);
}
