// What one source file imports, as values and as types, and which Node globals it touches when it is loaded.
import { readFileSync } from "node:fs";
import { parseSync } from "oxc-parser";

const nodeGlobals = new Set([
  "process",
  "Buffer",
  "global",
  "require",
  "__dirname",
  "__filename",
  "setImmediate",
  "clearImmediate",
]);

/**
 * @returns {{ imports: { specifier: string, typeOnly: boolean }[], globalsAtImport: string[] }}
 */
export function scanModule(file) {
  const source = readFileSync(file, "utf8");
  const { program, errors } = parseSync(file, source, { preserveParens: false });
  if (errors.length > 0) throw new Error(`${file}: ${errors[0].message}`);
  const imports = [];
  const globalsAtImport = new Set();
  visit(program, { runsAtImport: true, imports, globalsAtImport });
  return { imports, globalsAtImport: [...globalsAtImport] };
}

function visit(node, state) {
  if (Array.isArray(node)) {
    for (const child of node) visit(child, state);
    return;
  }
  if (node === null || typeof node !== "object" || typeof node.type !== "string") return;
  collectImport(node, state.imports);
  if (state.runsAtImport) collectGlobal(node, state.globalsAtImport);
  for (const [child, runsAtImport] of children(node)) {
    visit(child, { ...state, runsAtImport: state.runsAtImport && runsAtImport });
  }
}

function collectImport(node, imports) {
  const add = (source, typeOnly) => {
    if (typeof source?.value === "string") imports.push({ specifier: source.value, typeOnly });
  };
  switch (node.type) {
    case "ImportDeclaration":
      add(node.source, node.importKind === "type" || allTypes(node.specifiers, "importKind"));
      break;
    case "ExportNamedDeclaration":
      add(node.source, node.exportKind === "type" || allTypes(node.specifiers, "exportKind"));
      break;
    case "ExportAllDeclaration":
      add(node.source, node.exportKind === "type");
      break;
    case "ImportExpression":
      add(node.source, false);
      break;
    case "TSImportType":
      add(node.source, true);
      break;
    case "TSExternalModuleReference":
      add(node.expression, false);
      break;
    case "CallExpression":
      if (node.callee.name === "require") add(node.arguments[0], false);
      break;
  }
}

const allTypes = (specifiers, kind) =>
  specifiers.length > 0 && specifiers.every((specifier) => specifier[kind] === "type");

function collectGlobal(node, found) {
  if (node.type === "Identifier" && nodeGlobals.has(node.name)) found.add(node.name);
  if (node.type === "MemberExpression" && node.object.name === "globalThis") {
    const name = node.computed ? node.property.value : node.property.name;
    if (nodeGlobals.has(name)) found.add(name);
  }
}

/** The children of a node, each with whether it runs when the node runs. Names that are no variables are left out. */
function* children(node) {
  switch (node.type) {
    case "MemberExpression":
      yield [node.object, true];
      if (node.computed) yield [node.property, true];
      return;
    case "Property":
    case "MethodDefinition":
    case "PropertyDefinition":
      if (node.computed) yield [node.key, true];
      yield [node.value, node.type === "Property" || node.static === true];
      yield [node.typeAnnotation, false];
      return;
    case "CallExpression":
      // A function called on the spot does run.
      yield [isFunction(node.callee) ? node.callee.body : node.callee, true];
      yield [node.arguments, true];
      yield [node.typeArguments, false];
      return;
  }
  const runs = !isFunction(node) && !node.type.startsWith("TS");
  for (const [key, child] of Object.entries(node)) {
    if (typeof child !== "object" || child === null) continue;
    // `x as T` and `x!` are the two TypeScript nodes that hold a running expression.
    yield [child, runs || (key === "expression" && node.type.startsWith("TS"))];
  }
}

const isFunction = (node) =>
  node.type === "FunctionDeclaration" ||
  node.type === "FunctionExpression" ||
  node.type === "ArrowFunctionExpression";
