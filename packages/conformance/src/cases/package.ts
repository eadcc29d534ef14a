/** Faults of a package that show before any request: can it be installed, can it be loaded. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Broken, type Case } from "../case.ts";
import { loadOnEdge } from "../edge-load.ts";
import type { Rig } from "../rig.ts";
import { inTopic } from "../wants.ts";

interface Manifest {
  name?: string;
  exports?: unknown;
  main?: string;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

function manifestOf(rig: Rig): { folder: string; manifest: Manifest } {
  const folder = rig.packageFolder as string;
  const text = readFileSync(join(folder, "package.json"), "utf8");
  return { folder, manifest: JSON.parse(text) as Manifest };
}

const failed = (sent: string, saw: string, wanted: string): Broken =>
  new Broken({ wanted, sent, callerSaw: saw, falSaw: "nothing" });

/** Every file that `exports` (or `main`) names for the edge: workerd first, then import, then default. */
function entryFiles(manifest: Manifest): string[] {
  const pick = (value: unknown): string[] => {
    if (typeof value === "string") return /\.(m|c)?js$/.test(value) ? [value] : [];
    if (typeof value !== "object" || value === null) return [];
    const conditions = value as Record<string, unknown>;
    const names = Object.keys(conditions);
    if (names.some((name) => name.startsWith(".")))
      return names.flatMap((name) => pick(conditions[name]));
    for (const name of ["workerd", "edge-light", "import", "module", "default", "require"]) {
      const found = pick(conditions[name]);
      if (found.length > 0) return found;
    }
    return [];
  };
  const files =
    manifest.exports === undefined ? [manifest.main ?? "index.js"] : pick(manifest.exports);
  // A pattern names no file.
  return [...new Set(files)].filter((file) => !file.includes("*"));
}

export const packageCases: Case[] = inTopic("package", [
  {
    id: "package-loads-without-node",
    title: "the package loads where there is no process",
    rule: "P-72",
    level: "MUST",
    faults: ["R34"],
    needs: ["package"],
    hint: "Read the environment when a call is made, not when the module is loaded: Workers hand it over per call.",
    run: async (rig) => {
      const { folder, manifest } = manifestOf(rig);
      for (const file of entryFiles(manifest)) {
        const { builtins, trouble } = await loadOnEdge(join(folder, file));
        // An entry that imports Node's own modules is made for servers: the rule is about the others.
        if (trouble !== "" && builtins.length === 0) {
          throw failed(
            `import of ${file} without process`,
            trouble.slice(0, 600),
            "the module loads",
          );
        }
      }
    },
  },
  {
    id: "package-peers",
    title: "the package installs beside express 5",
    rule: "P-72",
    level: "MUST",
    faults: ["R36"],
    needs: ["package"],
    hint: "Name no peer ranges that exclude a framework version you work with: npm refuses the installation.",
    run: async (rig) => {
      const { manifest } = manifestOf(rig);
      const range = manifest.peerDependencies?.["express"];
      if (range === undefined || /\*|\^5|>=\s*[45]|5\.x|\|\|\s*5/.test(range)) return;
      throw failed(
        "the peer ranges of its package.json",
        `express: ${range}`,
        "the range lets express 5 in",
      );
    },
  },
]);
