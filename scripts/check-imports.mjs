// Keeps the direction of knowledge: who may import whom, between the packages and inside the library.
// Prints `file → imported file: the rule broken` for each import against it.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { scanModule } from "./scan-module.mjs";

/** Which packages of this repository a package's sources and tests may import. */
const packages = {
  emulator: { src: [], test: [] },
  proxy: { src: [], test: ["fal-emulator", "fal-proxy-conformance"] },
  // Never the proxy: it must judge strangers.
  conformance: { src: ["fal-emulator"], test: ["fal-emulator"] },
  gateway: {
    src: ["@fal-ai/server-proxy", "fal-emulator"],
    test: ["@fal-ai/server-proxy", "fal-emulator", "fal-proxy-conformance"],
  },
};

/**
 * Layers of packages/proxy/src in the order of a request: what each is, and which layers it may import. The first match
 * counts, and every file at the root of src that is not named is one of the parts, which anyone may ask.
 */
const layers = [
  // `handleRequest` is a front of its own making for the published package's custom adapters.
  {
    name: "entry",
    files: /^(index|handle-request)\.ts$/,
    imports: ["entry", "front", "decision", "part"],
  },
  // The command line: prepares stores, and holds them against fal's bill.
  { name: "cli", files: /^cli\.ts$/, imports: ["limits", "store"] },
  { name: "adapter", files: /^adapters\//, imports: ["front", "part"] },
  // A front may have pieces of its own: `node-body.ts`.
  {
    name: "front",
    files: /^(web|node)(-[a-z]+)?\.ts$/,
    imports: ["front", "decision", "reply", "upstream", "exchange", "part"],
  },
  { name: "decision", files: /^decide\.ts$/, imports: ["part"] },
  // What is sent to fal and what comes back, as types: the language of the two ways to send it.
  { name: "exchange", files: /^upstream\/exchange\.ts$/, imports: ["part"] },
  { name: "upstream", files: /^upstream\//, imports: ["upstream", "exchange", "part"] },
  // From the moment when fal's reply begins to the end of the call.
  {
    name: "reply",
    files: /^(head|relay)\.ts$/,
    imports: ["reply", "upstream", "exchange", "part"],
  },
  { name: "guard", files: /^guards\//, imports: ["guard", "call", "store"] },
  { name: "store", files: /^stores\//, imports: ["store", "surroundings"] },
  {
    name: "limits",
    files: /^limits\//,
    // `explain` asks the decision itself.
    imports: ["limits", "money", "store", "decision", "part"],
  },
  // Prices and amounts: numbers in, numbers out.
  { name: "money", files: /^money\//, imports: ["money", "part"] },
  { name: "part", files: /^[^/]+\.ts$/, imports: ["exchange", "part"] },
];

/** What a guard may know of the library: the call it judges, and how to say no. */
const seenByGuards = /^(call|refusal|target)\.ts$/;

/** What a store may know besides: whether it is in development, where it makes its tables by itself, and digests. */
const seenByStores = /^(environment|digest)\.ts$/;

/** Adapters whose platform is Node. Every other entry must load on an edge runtime. */
const nodeOnly = new Set(["./express", "./node", "./stores/testing"]);

const builtins = new Set(builtinModules);
const isBuiltin = (specifier) => specifier.startsWith("node:") || builtins.has(specifier);

/**
 * @param {string} root the repository
 * @returns {{ file: string, imported: string, rule: string }[]} every import against a rule
 */
export function checkImports(root) {
  const broken = [];
  for (const [name, allowed] of Object.entries(packages)) {
    const folder = join(root, "packages", name);
    if (!existsSync(folder)) continue;
    const manifest = readJson(join(folder, "package.json"));
    for (const part of ["src", "ui", "test"]) {
      for (const file of sourcesIn(join(folder, part))) {
        const { imports } = scanModule(file);
        for (const { specifier } of imports) {
          const rule = packageRule({ root, folder, file, part, specifier, manifest, allowed });
          if (rule) broken.push({ file: relative(root, file), imported: specifier, rule });
        }
      }
    }
  }
  broken.push(...checkDeclarations(root), ...checkLayers(root), ...checkEdge(root));
  return broken;
}

function packageRule({ root, folder, file, part, specifier, manifest, allowed }) {
  if (specifier.startsWith(".")) {
    const target = resolve(dirname(file), specifier);
    const isInside = target.startsWith(folder + sep);
    return isInside ? undefined : "another package is imported by its name, never by a path";
  }
  if (specifier.startsWith("#") || isBuiltin(specifier)) return undefined;
  const { name, subpath } = split(specifier);
  if (name === manifest.name) return undefined;
  const own = ownPackages(root).get(name);
  if (own !== undefined) {
    if (!allowed[part === "test" ? "test" : "src"].includes(name))
      return `${manifest.name} may not know ${name}`;
    if (own.exports?.[subpath] === undefined) return `${name} does not export "${subpath}"`;
  }
  const shipped = { ...manifest.dependencies, ...manifest.peerDependencies };
  if (part === "src" && !(name in shipped)) {
    return "shipped code and its types import declared dependencies only, and no framework";
  }
  return undefined;
}

/** What consumers' compilers read must not ask for more than the package brings along. */
function checkDeclarations(root) {
  const broken = [];
  for (const name of Object.keys(packages)) {
    const folder = join(root, "packages", name);
    if (!existsSync(join(folder, "dist"))) continue;
    const {
      dependencies = {},
      peerDependencies = {},
      name: self,
    } = readJson(join(folder, "package.json"));
    const known = { ...dependencies, ...peerDependencies, [self]: "" };
    for (const file of sourcesIn(join(folder, "dist"), ".d.ts")) {
      for (const { specifier } of scanModule(file).imports) {
        if (/^[.#]/.test(specifier) || isBuiltin(specifier)) continue;
        if (split(specifier).name in known) continue;
        const rule = "a published declaration imports declared dependencies only, and no framework";
        broken.push({ file: relative(root, file), imported: specifier, rule });
      }
    }
  }
  return broken;
}

/** Inside the library: adapters → fronts → the decision, the way to fal and the reply → parts. */
function checkLayers(root) {
  const src = join(root, "packages/proxy/src");
  const broken = [];
  const report = (file, imported, rule) =>
    broken.push({ file: relative(root, file), imported: relative(root, imported), rule });
  for (const file of sourcesIn(src)) {
    const from = layerOf(src, file);
    if (from === undefined) {
      report(file, file, "this folder has no layer; give it one in scripts/check-imports.mjs");
      continue;
    }
    const { imports, globalsAtImport } = scanModule(file);
    for (const name of from.name === "cli" ? [] : globalsAtImport) {
      const rule = "nothing touches a Node global when it is loaded: Workers have none";
      broken.push({ file: relative(root, file), imported: name, rule });
    }
    for (const { specifier } of imports) {
      if (specifier.startsWith("#") && !from.imports.includes("upstream")) {
        broken.push({ file: relative(root, file), imported: specifier, rule: may(from) });
      }
      if (!specifier.startsWith(".")) continue;
      const target = resolve(dirname(file), specifier);
      const to = layerOf(src, target);
      const isAllowed =
        to !== undefined &&
        (from.imports.includes(to.name) ||
          (from.imports.includes("call") && seenByGuards.test(relative(src, target))) ||
          (from.imports.includes("surroundings") && seenByStores.test(relative(src, target))));
      if (!isAllowed) report(file, target, may(from));
    }
  }
  return broken;
}

const may = ({ name, imports }) => `the layer "${name}" may import only: ${imports.join(", ")}`;

function layerOf(src, file) {
  const path = relative(src, file).split(sep).join("/");
  return layers.find(({ files }) => files.test(path));
}

/** Every entry but the Node-only ones, followed as workerd would, reaches neither undici nor Node. */
function checkEdge(root) {
  const folder = join(root, "packages/proxy");
  const manifest = readJson(join(folder, "package.json"));
  const broken = [];
  const seen = new Set();
  const toSource = (output) =>
    resolve(folder, output.replace("./dist/esm/", "src/").replace(/\.js$/, ".ts"));

  const follow = (file, chain) => {
    if (seen.has(file) || !existsSync(file)) return;
    seen.add(file);
    for (const { specifier, typeOnly } of scanModule(file).imports) {
      if (typeOnly) continue;
      if (isBuiltin(specifier) || split(specifier).name === "undici") {
        const path = chain.map((step) => relative(join(folder, "src"), step)).join(" → ");
        const rule = `an edge runtime loads this file (${path}), and has neither undici nor Node`;
        broken.push({ file: relative(root, file), imported: specifier, rule });
      } else if (specifier.startsWith("#")) {
        const target = toSource(manifest.imports[specifier].workerd.default);
        follow(target, [...chain, target]);
      } else if (specifier.startsWith(".")) {
        const target = resolve(dirname(file), specifier);
        follow(target, [...chain, target]);
      }
    }
  };

  for (const [subpath, target] of Object.entries(manifest.exports)) {
    if (nodeOnly.has(subpath) || typeof target === "string") continue;
    const entry = toSource(target.import.default);
    follow(entry, [entry]);
  }
  return broken;
}

/** "@scope/name/sub" → { name: "@scope/name", subpath: "./sub" } */
function split(specifier) {
  const parts = specifier.split("/");
  const name = parts.splice(0, specifier.startsWith("@") ? 2 : 1).join("/");
  return { name, subpath: ["."].concat(parts).join("/") };
}

function ownPackages(root) {
  const manifests = Object.keys(packages)
    .map((name) => join(root, "packages", name, "package.json"))
    .filter((file) => existsSync(file))
    .map(readJson);
  return new Map(manifests.map((manifest) => [manifest.name, manifest]));
}

function* sourcesIn(folder, ending = ".ts") {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const file = join(entry.parentPath, entry.name);
    if (file.includes(`${sep}node_modules${sep}`) || !entry.isFile()) continue;
    if (entry.name.endsWith(ending) || (ending === ".ts" && entry.name.endsWith(".tsx")))
      yield file;
  }
}

function readJson(file) {
  return JSON.parse(readFileSync(file, "utf8"));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const broken = checkImports(resolve(process.argv[2] ?? join(import.meta.dirname, "..")));
  for (const { file, imported, rule } of broken) console.error(`${file} → ${imported}: ${rule}`);
  process.exitCode = broken.length > 0 ? 1 : 0;
}
