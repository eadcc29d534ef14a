// Keeps the changelog whole: whoever changes what a package ships says so in a changeset.
// `.changeset/released.json` holds a digest of what each package shipped at its last release, so that the answer needs no
// history: a shallow clone and an archive have none. `--record` writes it, and `npm run release:version` does that.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { digestOf } from "./digest.mjs";

const recordFile = ".changeset/released.json";

/** What of a package's folder reaches its users, or is compiled to what does. */
const shipped = ["src", "ui", "assets"];
/** The fields of its package.json that do. */
const fields = ["dependencies", "peerDependencies", "engines", "exports", "imports", "bin"];

/**
 * @param {string} root the repository
 * @returns {{ file: string, complaint: string }[]} `file` is the one to touch
 */
export function checkChangesets(root) {
  const packages = packagesOf(root);
  const { changesets, complaints } = readChangesets(
    root,
    packages.map(({ name }) => name),
  );
  const released = readJson(join(root, recordFile));
  for (const { name, folder, version, digest } of packages) {
    const last = released[name];
    if (last === undefined || last.version !== version) {
      const complaint = `${name} ${version} was made without it. Make releases with: npm run release:version`;
      complaints.push({ file: recordFile, complaint });
    } else if (last.digest !== digest && !changesets.has(name)) {
      const complaint =
        `${folder} has changed since ${version}, and no changeset names ${name}. ` +
        `Run: npm run changeset, or write the file:\n${example(name)}`;
      complaints.push({ file: ".changeset/<a-name-of-its-own>.md", complaint });
    }
  }
  return complaints;
}

const example = (name) =>
  `---\n"${name}": patch\n---\n\nWhat its users will notice, as a sentence of the changelog.\n`;

/** @param {string} root the repository, as it is released now */
export function recordRelease(root) {
  const released = Object.fromEntries(
    packagesOf(root).map(({ name, version, digest }) => [name, { version, digest }]),
  );
  writeFileSync(join(root, recordFile), `${JSON.stringify(released, null, 2)}\n`);
}

function packagesOf(root) {
  return readdirSync(join(root, "packages"))
    .sort()
    .filter((entry) => existsSync(join(root, "packages", entry, "package.json")))
    .map((entry) => {
      const folder = join(root, "packages", entry);
      const manifest = readJson(join(folder, "package.json"));
      const facts = JSON.stringify(fields.map((field) => manifest[field]));
      const files = digestOf(
        folder,
        shipped.map((part) => join(folder, part)),
        (name) => name !== "node_modules" && !name.startsWith("."),
      );
      const digest = createHash("sha256").update(files).update(facts).digest("hex");
      return {
        name: manifest.name,
        folder: `packages/${entry}`,
        version: manifest.version,
        digest,
      };
    });
}

/** Which packages are named, and what is wrong with the files that name them. */
function readChangesets(root, names) {
  const changesets = new Set();
  const complaints = [];
  const files = readdirSync(join(root, ".changeset"))
    .filter((entry) => entry.endsWith(".md") && entry !== "README.md")
    .map((entry) => `.changeset/${entry}`);
  for (const file of files) {
    const text = readFileSync(join(root, file), "utf8").replaceAll("\r\n", "\n");
    const [, head = "", body = ""] = /^---\n([^]*?)\n?---\n([^]*)$/.exec(text) ?? [];
    const lines = head.split("\n").filter(Boolean);
    const entries = lines.map((line) => /^["']?([^"':]+)["']?: (major|minor|patch)$/.exec(line));
    const known = entries.filter((entry) => entry !== null && names.includes(entry[1]));
    if (known.length < lines.length || known.length === 0 || body.trim() === "") {
      const complaint = `it must name packages of this repository and say what changed. The form:\n${example(names[0])}`;
      complaints.push({ file, complaint });
    }
    for (const entry of known) changesets.add(entry[1]);
  }
  return { changesets, complaints };
}

function readJson(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [flag, folder] =
    process.argv[2] === "--record" ? process.argv.slice(2) : ["", process.argv[2]];
  const root = resolve(folder ?? join(import.meta.dirname, ".."));
  if (flag === "--record") recordRelease(root);
  else {
    const found = checkChangesets(root);
    for (const { file, complaint } of found) console.error(`${file}: ${complaint}`);
    process.exitCode = found.length > 0 ? 1 : 0;
  }
}
