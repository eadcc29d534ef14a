// Who can take part, by name: a file of `contestants/`, and after it `@22` for that Node line, or `/other` for
// the build of the library that `--library` names.
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { installDependencies } from "../scripts/dependencies.mjs";
import { buildNextApp } from "./next-app.mjs";
import { ROUTE } from "./traffic.mjs";

const here = import.meta.dirname;
const tools = join(here, "../tools");

const programs = readdirSync(join(here, "contestants"))
  .map((file) => file.replace(/\.mjs$/, ""))
  .sort();
const nodeLines = readdirSync(tools)
  .filter((folder) => /^node\d+$/.test(folder))
  .map((folder) => folder.replace("node", ""));

/** Who runs on the newer Node lines too, unless others are asked for. */
const ON_EVERY_NODE = ["bare-undici", "ours-node"];

/** Who is no relay, so that only its load is measured. */
const ASKS_NOBODY = ["bare-express", "bare-next"];

/** Whose open streams are counted: what a stream costs is the same behind a framework. */
const HOLDS_STREAMS = ["bare-undici", "ours-node"];

/** Both routes are of one app. */
const ROUTES = { "bare-next": "/api/bare" };

/** Who takes part when nobody is named. */
export const CONTESTANTS = [
  ...programs,
  ...ON_EVERY_NODE.flatMap((name) => nodeLines.map((line) => `${name}@${line}`)),
].sort();

/**
 * @typedef {object} Contestant
 * @property {string} name
 * @property {string} program the name of its file, without the ending
 * @property {string} node the path of the Node binary that runs it
 * @property {string} [library] the folder of another build of the library
 * @property {string} route where it is mounted
 * @property {boolean} relays false when it answers by itself
 * @property {boolean} holdsStreams whether its open streams are counted
 */

/**
 * The contestants of these names, each of ours doubled when there is another build of the library.
 *
 * @param {readonly string[]} names
 * @param {string} [library] the folder of a built `packages/proxy`
 * @returns {Contestant[]}
 * @throws Error with a message for a person
 */
export function findContestants(names, library) {
  if (library !== undefined && !existsSync(join(library, "dist"))) {
    throw new Error(`${join(library, "dist")} is missing: build the library of that folder first`);
  }
  return names.flatMap((name) => {
    const [program, line] = name.split("@");
    if (!programs.includes(program) || (line !== undefined && !nodeLines.includes(line))) {
      throw new Error(`no contestant "${name}"; there are ${CONTESTANTS.join(", ")}`);
    }
    const contestant = {
      name,
      program,
      node: line === undefined ? process.execPath : nodeOf(line),
      route: ROUTES[program] ?? ROUTE,
      relays: !ASKS_NOBODY.includes(program),
      holdsStreams: HOLDS_STREAMS.includes(program),
    };
    if (library === undefined || !program.startsWith("ours-")) return [contestant];
    return [contestant, { ...contestant, name: `${name}/other`, library: resolve(library) }];
  });
}

/** Builds what some of them run. @throws Error with a message for a person */
export function buildContestants(contestants) {
  const onNext = contestants.filter(({ program }) => program.endsWith("-next"));
  for (const library of new Set(onNext.map((contestant) => contestant.library))) {
    buildNextApp(library);
  }
}

function nodeOf(line) {
  const folder = join(tools, `node${line}`);
  installDependencies(folder, (what) => console.error(`bench: ${what}`));
  const modules = join(folder, "node_modules");
  const binary = readdirSync(modules).find((name) => name.startsWith("node-"));
  if (binary === undefined) {
    throw new Error(`no Node ${line} for ${process.platform}-${process.arch}`);
  }
  return join(modules, binary, "bin/node");
}
