// The proxies in one file each, as servers for the conformance kit, and what their servers cannot do.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { profiles } from "fal-proxy-conformance";

const examples = join(import.meta.dirname, "..");
/** @type {(name: string) => string} */
const folder = (name) => join(examples, name);
const goProxy = join(examples, "../.artifacts/go-proxy");

// They are configured by the environment alone; what needs options is left to the reader's own code.
const without = Object.fromEntries(
  Object.entries(profiles)
    .filter(([, { builtIn }]) => !builtIn)
    .map(([name]) => [name, "the file has no such option"]),
);

/**
 * Fails with the names of the Debian packages when a command does not run.
 *
 * @type {(packages: string, program: string, ...args: string[]) => void}
 */
function need(packages, program, ...args) {
  const { error, status } = spawnSync(program, args, { stdio: "ignore" });
  if (error || status !== 0) {
    throw new Error(
      `"${[program, ...args].join(" ")}" does not run. On Debian: apt-get install ${packages}`,
    );
  }
}

/** Debian's own Python has Debian's modules, whatever other Python comes first on PATH. */
const python = "/usr/bin/python3";

const notTold = "the server does not tell its app of a caller who leaves before the answer";

/** @satisfies {Record<string, import("../../packages/proxy/test/conformance/subject.ts").Subject>} */
export const languages = {
  flask: {
    command: `cd "${folder("flask")}" && exec ${python} -B -m gunicorn --bind 127.0.0.1:$PORT --worker-class gthread --threads 64 "fal_proxy:create_app()"`,
    prepare: async () =>
      need("python3-flask python3-gunicorn", python, "-c", "import flask, gunicorn"),
    without,
    departures: { "aborts-before-answer": notTold, "queue-abort": notTold },
  },
  fastapi: {
    command: `cd "${folder("fastapi")}" && exec ${python} -B -m uvicorn fal_proxy:app --http h11 --host 127.0.0.1 --port $PORT`,
    prepare: async () =>
      need(
        "python3-fastapi python3-httpx python3-uvicorn",
        python,
        "-c",
        "import fastapi, httpx, uvicorn",
      ),
    without,
  },
  go: {
    command: `exec "${goProxy}"`,
    prepare: async () => {
      need("golang-go", "go", "version");
      mkdirSync(join(goProxy, ".."), { recursive: true });
      const { status, stderr } = spawnSync("go", ["build", "-o", goProxy, "."], {
        cwd: folder("go"),
        encoding: "utf8",
      });
      if (status !== 0) throw new Error(`examples/go does not build:\n${stderr}`);
    },
    without,
  },
  php: {
    command: `cd "${folder("php")}" && PHP_CLI_SERVER_WORKERS=64 exec php -d enable_post_data_reading=0 -S 127.0.0.1:$PORT fal-proxy.php`,
    prepare: async () =>
      need("php-cli php-curl", "php", "-r", "exit(extension_loaded('curl') ? 0 : 1);"),
    without,
    streamsUploads: false,
    departures: {
      "bodies-streamed": "PHP's built-in server reads a body whole",
      "aborts-before-answer": notTold,
      "queue-abort": notTold,
      "aborts-broken-stream": "PHP's built-in server ends a reply by closing, whole or not",
    },
  },
  "express-custom": {
    command: `exec "${process.execPath}" "${join(folder("express-custom"), "fal-proxy.mjs")}"`,
    without,
  },
};
