// One short text for what a set of files holds: it changes with any of them, and with nothing else.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";

/**
 * @param {string} root what the names of the files are relative to
 * @param {string[]} paths files and folders; one that is missing counts as empty
 * @param {(name: string) => boolean} [isWanted] asked for each name in a folder: whether it, or what is below, counts
 * @returns {string} 64 hexadecimal digits, the same wherever the repository lies and however its lines end
 */
export function digestOf(root, paths, isWanted = () => true) {
  const hash = createHash("sha256");
  for (const path of paths) {
    for (const file of filesBelow(path, isWanted)) {
      const name = relative(root, file).split(sep).join("/");
      // A checkout may turn every LF of a text into CR LF; read this way, bytes that are no text keep their difference.
      const content = readFileSync(file, "latin1").replaceAll("\r\n", "\n");
      hash.update(`${name}\0${content.length}\0`).update(content, "latin1");
    }
  }
  return hash.digest("hex");
}

/**
 * In an order of its own: the one of the file system may differ from machine to machine.
 *
 * @type {(path: string, isWanted: (name: string) => boolean) => string[]}
 */
function filesBelow(path, isWanted) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (!stat.isDirectory()) return [path];
  return readdirSync(path)
    .filter(isWanted)
    .sort()
    .flatMap((name) => filesBelow(join(path, name), isWanted));
}
