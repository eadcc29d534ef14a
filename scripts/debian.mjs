// System packages that tests need: installed when root on Debian, named in a message elsewhere.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";

const root = join(import.meta.dirname, "..");

/** A package is wanted as soon as what needs it exists. `present` is a command on PATH or a file. */
const table = [
  { name: "chromium", present: "chromium", neededBy: "packages/gateway/test" },
  { name: "redis-server", present: "redis-server", neededBy: "packages/proxy/src/stores/redis.ts" },
  {
    name: "postgresql-15",
    present: "/usr/lib/postgresql/15/bin/postgres",
    neededBy: "packages/proxy/src/stores/postgres.ts",
  },
  { name: "python3-flask", present: python("flask"), neededBy: "examples/flask" },
  { name: "python3-gunicorn", present: python("gunicorn"), neededBy: "examples/flask" },
  { name: "python3-fastapi", present: python("fastapi"), neededBy: "examples/fastapi" },
  { name: "python3-httpx", present: python("httpx"), neededBy: "examples/fastapi" },
  { name: "python3-uvicorn", present: python("uvicorn"), neededBy: "examples/fastapi" },
  { name: "golang-go", present: "go", neededBy: "examples/go" },
  { name: "php-cli", present: "php", neededBy: "examples/php" },
  { name: "php-curl", present: "/usr/share/php8.2-curl", neededBy: "examples/php" },
];

/** Debian keeps its Python modules here, whatever other Python comes first on PATH. */
function python(module) {
  return `/usr/lib/python3/dist-packages/${module}`;
}

/** Answers the names of the packages that are wanted, missing and could not be installed. */
export function installDebianPackages(say) {
  const missing = table.filter(
    ({ present, neededBy }) => existsSync(join(root, neededBy)) && !isPresent(present),
  );
  if (missing.length === 0) return [];
  const names = missing.map(({ name }) => name);
  if (process.getuid?.() !== 0 || !isDebian()) {
    for (const { name, neededBy } of missing) say(`missing: ${name}, needed by ${neededBy}`);
    say(`install them yourself; on Debian: sudo apt-get install ${names.join(" ")}`);
    return names;
  }
  say(`apt-get install ${names.join(" ")}`);
  if (!aptGet("install", ...names)) {
    // Perhaps only because the lists of packages are missing or old.
    aptGet("update");
    aptGet("install", ...names);
  }
  return missing.filter(({ present }) => !isPresent(present)).map(({ name }) => name);
}

function aptGet(command, ...names) {
  const options = ["-qq", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"];
  const { status } = spawnSync("apt-get", [command, "-y", ...options, ...names], {
    // Runlevel 1 keeps packages such as redis-server from starting a service: tests start their own.
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
    stdio: ["ignore", "ignore", "inherit"],
  });
  return status === 0;
}

function isPresent(what) {
  if (what.startsWith("/")) return existsSync(what);
  return (process.env.PATH ?? "").split(delimiter).some((folder) => isFile(join(folder, what)));
}

const isFile = (path) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

function isDebian() {
  if (!existsSync("/etc/os-release")) return false;
  return /^ID(_LIKE)?=.*debian/m.test(readFileSync("/etc/os-release", "utf8"));
}
