/** Loads a module as a runtime without Node would: in a process of its own, from which Node's globals were taken. */
import { execFile } from "node:child_process";
import { pathToFileURL } from "node:url";

// What an entry asks of Node, it prints: whoever imports `node:…` is made for servers, and for them alone.
const hooks = `
  import { writeSync } from "node:fs";
  import { isBuiltin } from "node:module";
  export const resolve = (specifier, context, next) => {
    if (isBuiltin(specifier)) writeSync(1, specifier + "\\n");
    return next(specifier, context);
  };
`;
const script = (file: string): string => `
  import { writeSync } from "node:fs";
  import Module, { isBuiltin, register } from "node:module";
  register("data:text/javascript,${encodeURIComponent(hooks)}");
  const load = Module._load;
  Module._load = (request, ...rest) => {
    if (isBuiltin(request)) writeSync(1, request + "\\n");
    return load(request, ...rest);
  };
  for (const name of ["process", "Buffer", "global", "setImmediate"]) delete globalThis[name];
  await import(${JSON.stringify(pathToFileURL(file).href)});
`;

export interface EdgeLoad {
  /** Modules of Node that it, or what it imports, asked for. */
  readonly builtins: readonly string[];
  /** What was printed when it failed; empty when it loaded. */
  readonly trouble: string;
}

/** @param file a module, of either kind; resolved with the condition `workerd` */
export function loadOnEdge(file: string): Promise<EdgeLoad> {
  const args = ["--conditions=workerd", "--input-type=module", "-e", script(file)];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: 10_000 }, (error, stdout, stderr) => {
      const builtins = [...new Set(stdout.split("\n").filter(Boolean))];
      resolve({ builtins, trouble: error ? stderr || error.message : "" });
    });
  });
}
