// Who can take part, by name: a file of `contestants/`, and after it `@22` for that Node line, or `/other` for
// the build of the library that `--library` names.
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { installDependencies } from "../scripts/dependencies.mjs";

const here = import.meta.dirname;
const tools = join(here, "../tools");

const files = readdirSync(join(here, "contestants"))
  .map((file) => file.replace(/\.mjs$/, ""))
  .sort();
const nodeLines = readdirSync(tools)
  .filter((folder) => /^node\d+$/.test(folder))
  .map((folder) => folder.replace("node", ""));

/** Who runs on the newer Node lines too, unless others are asked for. */
const ON_EVERY_NODE = ["bare-undici", "ours-node"];

/** Who takes part when nobody is named. */
export const CONTESTANTS = [
  ...files,
  ...ON_EVERY_NODE.flatMap((name) => nodeLines.map((line) => `${name}@${line}`)),
].sort();

/**
 * The contestants of these names, each of ours doubled when there is another build of the library.
 *
 * @param {string[]} names
 * @param {string} [library] the folder of a built `packages/proxy`
 * @returns {{ name: string, file: string, node: string, library?: string }[]} `node`: the path of a binary
 * @throws Error with a message for a person
 */
export function findContestants(names, library) {
  if (library !== undefined && !existsSync(join(library, "dist"))) {
    throw new Error(`${join(library, "dist")} is missing: build the library of that folder first`);
  }
  return names.flatMap((name) => {
    const [file, line] = name.split("@");
    if (!files.includes(file) || (line !== undefined && !nodeLines.includes(line))) {
      throw new Error(`no contestant "${name}"; there are ${CONTESTANTS.join(", ")}`);
    }
    const contestant = {
      name,
      file: join(here, "contestants", `${file}.mjs`),
      node: line === undefined ? process.execPath : nodeOf(line),
    };
    if (library === undefined || !file.startsWith("ours-")) return [contestant];
    return [contestant, { ...contestant, name: `${name}/other`, library: resolve(library) }];
  });
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
