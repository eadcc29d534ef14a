// Keeps adapters whole: what belongs to the file of an adapter and is easily forgotten, each with what to do about it.
// Prints `file: what is missing in it. How to make it`.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const name = "@fal-ai/server-proxy";
const adapters = "packages/proxy/src/adapters";
const manifestFile = "packages/proxy/package.json";
const readmes = ["README.md", "packages/proxy/README.md"];
const typeTests = "packages/proxy/test/types";
/** Servers for the conformance kit: those of plain frameworks, and example apps that are built. */
const tables = [
  { file: "packages/proxy/test/conformance/subjects.mjs", export: "subjects" },
  { file: "examples/testing/apps.mjs", export: "apps" },
];

/**
 * @param {string} root the repository
 * @returns {Promise<{ file: string, complaint: string }[]>} `file` is the one to touch
 */
export async function checkAdapters(root) {
  const names = filesOf(root, adapters).map((file) => file.replace(/\.ts$/, ""));
  const subjects = await subjectsOf(root);
  return [
    ...names.flatMap((adapter) => checkManifest(root, adapter)),
    ...names.flatMap((adapter) => checkReadmes(root, adapter)),
    ...names.flatMap((adapter) => checkTypeTest(root, adapter)),
    ...names.flatMap((adapter) => checkServer(adapter, subjects)),
    ...subjects.flatMap((subject) => checkSubject(root, subject, names)),
    ...checkExports(root),
    ...checkMentions(root),
    ...checkScoreboard(root, subjects),
  ];
}

/** What leads to an adapter, for `import`, for `require`, and for compilers that know no `exports`. */
function checkManifest(root, adapter) {
  const { exports, typesVersions } = readJson(root, manifestFile);
  const files = (kind, code, types) => ({
    types: `./dist/${kind}/adapters/${adapter}.${types}`,
    default: `./dist/${kind}/adapters/${adapter}.${code}`,
  });
  const wanted = { import: files("esm", "js", "d.ts"), require: files("cjs", "cjs", "d.cts") };
  const complaints = [];
  if (!isSame(exports[`./${adapter}`], wanted)) {
    complaints.push(
      `"exports" must have "./${adapter}": ${JSON.stringify(wanted)}. Then: npm run build -- proxy`,
    );
  }
  const types = [wanted.require.types];
  if (!isSame(typesVersions["*"][adapter], types)) {
    complaints.push(`"typesVersions" must have "${adapter}": ${JSON.stringify(types)}`);
  }
  return complaints.map((complaint) => ({ file: manifestFile, complaint }));
}

function checkReadmes(root, adapter) {
  return readmes
    .filter((file) => !mentions(root, file).has(adapter))
    .map((file) => ({
      file,
      complaint: `${name}/${adapter} is not named. Add its ${file === "README.md" ? "five lines" : "row"}`,
    }));
}

function checkTypeTest(root, adapter) {
  const tests = filesOf(root, typeTests);
  if (tests.some((file) => imports(read(root, join(typeTests, file)), adapter))) return [];
  const complaint =
    `no type test imports ${name}/${adapter}. Give the handler to the framework's own type there, ` +
    "then: npm run check";
  return [{ file: `${typeTests}/${adapter}.ts`, complaint }];
}

const imports = (text, adapter) => text.includes(`"${name}/${adapter}"`);

function checkServer(adapter, subjects) {
  if (subjects.some((subject) => subject.adapter === adapter)) return [];
  const complaint =
    `no server shows the adapter "${adapter}". Write one in packages/proxy/test/servers (an app that is built: ` +
    `in examples, listed in ${tables[1].file}), then: npm run case -- ${adapter}`;
  return [{ file: tables[0].file, complaint }];
}

function checkSubject(root, { subject, file, adapter, command }, names) {
  const complaints = [];
  if (!names.includes(adapter)) {
    const known = adapter === undefined ? "names no adapter" : `names the adapter "${adapter}"`;
    complaints.push({
      file,
      complaint: `"${subject}" ${known}. Its \`adapter\` is one of ${names.join(", ")}`,
    });
  }
  for (const [, path] of command.matchAll(/"([^"]+)"/g)) {
    // What is installed is there only once the tests that need it run.
    if (path.includes("node_modules") || existsSync(resolve(root, path))) continue;
    complaints.push({
      file,
      complaint: `"${subject}" is started from ${path}, which does not exist`,
    });
  }
  if (!testsOf(root).some((text) => text.includes(`judge("${subject}"`))) {
    const place = file.startsWith("examples/")
      ? "examples/<app>/test"
      : `packages/proxy/test/conformance/${subject}.test.ts`;
    const complaint =
      `no test judges "${subject}". Write: judge("${subject}", …), as the others do, ` +
      `then: npx vitest run ${place}`;
    complaints.push({ file: place, complaint });
  }
  return complaints;
}

/** What is exported is there, under whatever folder of src. */
function checkExports(root) {
  const { exports, typesVersions } = readJson(root, manifestFile);
  const stale = Object.entries(exports)
    .filter(([, target]) => typeof target === "object")
    .filter(
      ([, target]) => !existsSync(join(root, "packages/proxy", toSource(target.import.default))),
    )
    .map(([path]) => `"exports" has "${path}", whose source does not exist. Take it out`);
  const unexported = Object.keys(typesVersions["*"])
    .filter((path) => exports[`./${path}`] === undefined)
    .map((path) => `"typesVersions" has "${path}", which "exports" does not have. Take it out`);
  return [...stale, ...unexported].map((complaint) => ({ file: manifestFile, complaint }));
}

const toSource = (output) => output.replace("./dist/esm/", "src/").replace(/\.js$/, ".ts");

/** What the READMEs tell people to import can be imported. */
function checkMentions(root) {
  const { exports } = readJson(root, manifestFile);
  return readmes.flatMap((file) =>
    [...mentions(root, file)]
      .filter((path) => exports[`./${path}`] === undefined)
      .map((path) => ({
        file,
        complaint: `${name}/${path} is named, which ${manifestFile} does not export. Correct it`,
      })),
  );
}

function checkScoreboard(root, subjects) {
  const file = "README.md";
  const [, board = ""] = read(root, file).split(/<!-- \/?scoreboard -->/);
  const listed = [...board.matchAll(/^\| (\S+) \| this package \|/gm)].map(([, row]) => row);
  const present = subjects.map(({ subject }) => subject);
  const write = "After npm test: npm run scoreboard -- --kept --write";
  return [
    ...present
      .filter((subject) => !listed.includes(subject))
      .map((subject) => ({ file, complaint: `the scoreboard has no row "${subject}". ${write}` })),
    ...listed
      .filter((row) => !present.includes(row))
      .map((row) => ({
        file,
        complaint: `the scoreboard has a row "${row}" of nothing. ${write}`,
      })),
  ];
}

async function subjectsOf(root) {
  const found = [];
  for (const { file, export: key } of tables) {
    if (!existsSync(join(root, file))) continue;
    const table = (await import(pathToFileURL(join(root, file)).href))[key];
    for (const [subject, facts] of Object.entries(table)) found.push({ subject, file, ...facts });
  }
  return found;
}

/** The texts of all tests that may judge a server. */
function testsOf(root) {
  const apps = filesOf(root, "examples").map((app) => join("examples", app, "test"));
  return ["packages/proxy/test/conformance", ...apps].flatMap((folder) =>
    filesOf(root, folder)
      .filter((file) => file.endsWith(".test.ts"))
      .map((file) => read(root, join(folder, file))),
  );
}

/** The subpaths of the library that a README names. */
function mentions(root, file) {
  const found = read(root, file).matchAll(new RegExp(`${name}/([\\w-]+(?:/[\\w-]+)*)`, "g"));
  return new Set([...found].map(([, path]) => path));
}

const filesOf = (root, folder) =>
  existsSync(join(root, folder)) ? readdirSync(join(root, folder)).sort() : [];
const read = (root, file) => readFileSync(join(root, file), "utf8");
const readJson = (root, file) => JSON.parse(read(root, file));
const isSame = (a, b) => JSON.stringify(a) === JSON.stringify(b);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = await checkAdapters(resolve(process.argv[2] ?? join(import.meta.dirname, "..")));
  for (const { file, complaint } of found) console.error(`${file}: ${complaint}`);
  process.exitCode = found.length > 0 ? 1 : 0;
}
