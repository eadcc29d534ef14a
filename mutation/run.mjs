// `npm run mutate`: changes the library's rules one token at a time, and lists the changes that no test notices.
//
//   npm run mutate                    every source that `stryker.config.mjs` lists
//   npm run mutate -- target headers  these
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { installDependencies } from "../scripts/dependencies.mjs";
import { setUp } from "../scripts/setup.mjs";
import { GROUPS } from "./stryker.config.mjs";

const here = import.meta.dirname;
const root = join(here, "..");

const nameOf = (file) => basename(file, ".ts");
const present = Object.values(GROUPS)
  .flat()
  .filter((file) => existsSync(join(root, file)));
const asked = process.argv.slice(2);
const unknown = asked.find((name) => !present.some((file) => nameOf(file) === name));
if (unknown !== undefined) {
  console.error(`mutate: no source "${unknown}"; there are ${present.map(nameOf).join(", ")}`);
  process.exit(1);
}
const chosen = present.filter((file) => asked.length === 0 || asked.includes(nameOf(file)));

setUp();
installDependencies(here, (what) => console.log(`mutate: ${what}`));
for (const [group, files] of Object.entries(GROUPS)) {
  const mutated = files.filter((file) => chosen.includes(file));
  if (mutated.length > 0 && !mutate(group, mutated)) process.exitCode = 1;
}

/** Answers whether enough mutants were noticed. */
function mutate(group, files) {
  const stryker = join(here, "node_modules/@stryker-mutator/core/bin/stryker.js");
  const { status } = spawnSync(
    process.execPath,
    [stryker, "run", join(here, "stryker.config.mjs"), "--mutate", files.join(",")],
    { cwd: root, stdio: "inherit", env: { ...process.env, MUTATION_GROUP: group } },
  );
  return status === 0;
}
