/** The simulation can fail: a dozen rules are broken on purpose, one at a time, and each time it turns red. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { build, type Plugin } from "esbuild";
import { afterAll, expect, test } from "vitest";

const src = join(import.meta.dirname, "../../src");
const folder = mkdtempSync(join(tmpdir(), "fal-proxy-sabotage-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The text that is put in the place of another, and what the auditor says to it. */
const SABOTAGES: readonly [what: string, file: string, from: string, to: string][] = [
  [
    "a claim is booked without being judged",
    "stores/ledger.ts",
    'isEntry || limit === "none" || seen.used + amount <= limit',
    "isEntry || true",
  ],
  [
    "the same id is taken twice",
    "stores/ledger.ts",
    "if (known) {",
    "if (known && known.id !== job.id) {",
  ],
  [
    "a void gives nothing back",
    "limits/price-tag.ts",
    'if (state === "void") return 0n;',
    'if (state === "void") return booked;',
  ],
  [
    "a lost answer of a run is taken for a refusal",
    "limits/verdict.ts",
    'sent ? UNKNOWN : { state: "void" }',
    '({ state: "void" })',
  ],
  [
    "an ingress is believed",
    "limits/verdict.ts",
    'isFals(answer) ? { state: "void" } : UNKNOWN',
    '{ state: "void" }',
  ],
  ["fal's count is ignored", "limits/price-tag.ts", "if (billed !== undefined) return billed;", ""],
  [
    "a job is bound after its reply",
    "limits/paid-call.ts",
    "const advanced = await persist(site, () => definition.store.advance(job.id, change), TO_BIND);",
    "const advanced = {}; void persist(site, async () => { await new Promise((done) => setTimeout(done, 9000)); return definition.store.advance(job.id, change); }, TO_BIND);",
  ],
  [
    "two deliveries of a webhook tell the app at once",
    "limits/webhook.ts",
    'if (!won) return now?.told === "done" ? done() : again("busy");',
    "",
  ],
  [
    "anybody may read a job",
    "limits/ownership.ts",
    'if (owner !== "" && owner === job.owner) return true;',
    "return true;",
  ],
  [
    "tenants are not told apart",
    "limits/subject.ts",
    'subject("user", String(tenant), id)',
    'subject("user", id)',
  ],
  [
    "a take that got no answer passes",
    "limits/meter.ts",
    "throw error;\n    }\n  }\n}",
    "return { ok: true, buckets: [] };\n    }\n  }\n}",
  ],
  [
    "a key is not looked up",
    "limits/idempotency.ts",
    'if (key === undefined || owner === "")',
    "if (true)",
  ],
  [
    "a result that is gone is taken for one that never ran",
    "limits/resolve.ts",
    'outcome === CANCELLED ? { state: "void" } : UNKNOWN',
    '({ state: "void" })',
  ],
];

test.each(SABOTAGES)(
  "%s",
  async (what, file, from, to) => {
    let found = false;
    const sabotage: Plugin = {
      name: "sabotage",
      setup: ({ onLoad }) =>
        onLoad({ filter: /\.ts$/ }, ({ path }) => {
          if (relative(src, path).replaceAll("\\", "/") !== file) return undefined;
          const text = readFileSync(path, "utf8");
          found = text.includes(from);
          return { contents: text.replace(from, to), loader: "ts" };
        }),
    };
    const outfile = join(folder, `${what.replaceAll(/\W+/g, "-")}.mjs`);
    await build({
      entryPoints: [join(import.meta.dirname, "run.ts")],
      bundle: true,
      platform: "node",
      format: "esm",
      conditions: ["workerd"],
      external: ["undici"],
      logLevel: "error",
      outfile,
      plugins: [sabotage],
    });
    expect(found, `${file} has no ${from}`).toBe(true);
    const child = spawn(process.execPath, [outfile, "--histories", "2000", "--until-red"]);
    let said = "";
    child.stdout.on("data", (text: Buffer) => (said += String(text)));
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect([code, said]).toEqual([1, expect.stringMatching(/^seed \d+: /)]);
  },
  180_000,
);
