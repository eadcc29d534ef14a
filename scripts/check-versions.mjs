// Keeps a release honest: each package's version has its entry in the changelog, and packages of this
// repository ask for each other in the version that is here.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../packages");
const manifests = readdirSync(folder)
  .filter((name) => existsSync(join(folder, name, "package.json")))
  .map((name) => [name, JSON.parse(readFileSync(join(folder, name, "package.json"), "utf8"))]);
const versions = new Map(manifests.map(([, { name, version }]) => [name, version]));

for (const [directory, { name, version, dependencies = {} }] of manifests) {
  const changelog = join(folder, directory, "CHANGELOG.md");
  if (!existsSync(changelog) || !readFileSync(changelog, "utf8").includes(`\n## ${version}\n`)) {
    fail(`${name}: packages/${directory}/CHANGELOG.md has no "## ${version}"`);
  }
  for (const [other, range] of Object.entries(dependencies)) {
    const wanted = versions.has(other) ? `^${versions.get(other)}` : range;
    if (range !== wanted) fail(`${name}: asks for ${other} ${range}, here it is ${wanted}`);
  }
}

function fail(message) {
  console.error(message);
  process.exitCode = 1;
}
