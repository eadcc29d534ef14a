/** Drop-in: every export of the published 1.2.1 is here and works, by `import` and by `require`. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { createEmulator, type Emulator } from "fal-emulator";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

interface Report {
  readonly names: Record<string, string[]>;
  readonly values: Record<string, unknown>;
  readonly calls: Record<string, string>;
}

const modules = ["root", "nextjs", "express", "hono", "remix", "svelte"] as const;

describe.each(["esm.mjs", "commonjs.cjs"])("%s", (consumer) => {
  let fal: Emulator;
  let report: Report;

  beforeAll(async () => {
    fal = await createEmulator();
    fal.script({
      path: /^\/exports\//,
      status: 201,
      headers: [["content-type", "application/json"]],
      body: '{"made":true}',
    });
    const file = join(import.meta.dirname, "consumers", consumer);
    const env = { ...process.env, FAL_KEY: fal.key, FAL_PROXY_UPSTREAM: fal.url };
    const { stdout } = await promisify(execFile)(process.execPath, [file], { env });
    report = JSON.parse(stdout) as Report;
  });
  afterAll(() => fal.close());

  test.each(modules)("%s has the published names", (name) => {
    const published = publishedNames(name === "root" ? "index" : name);
    expect(published.length).toBeGreaterThan(0);
    expect(report.names[name]).toEqual(expect.arrayContaining(published));
  });

  test("the functions without a request answer as published", () => {
    expect(report.values).toEqual({
      TARGET_URL_HEADER: "x-fal-target-url",
      DEFAULT_PROXY_ROUTE: "/api/fal/proxy",
      PROXY_ROUTE: "/api/fal/proxy",
      route: "/api/fal/proxy",
      "default patterns": true,
      "isAllowedUrl by default": [true, false],
      "isAllowedUrl of patterns": false,
      getEndpoint: "fal-ai/flux/dev",
      "isAllowedEndpoint of none": true,
      isAllowedEndpoint: [true, false],
      fromHeaders: { accept: "text/plain" },
      responsePassthrough: "the reply",
      resolveApiKeyFromEnv: fal.key,
      resolveProxyConfig: [["exports/**"], true],
    });
  });

  test("every handler relays", () => {
    const { "handleRequest refused": refused, ...relayed } = report.calls;
    expect(new Set(Object.values(relayed)), JSON.stringify(relayed)).toEqual(
      new Set(['201 {"made":true}']),
    );
    expect(fal.requests).toHaveLength(Object.keys(relayed).length);
    expect(refused).toMatch(/^400 \{.*"code":"invalid_target"/);
  });

  test("the operator's key pays, and SvelteKit's credentials where they are given", () => {
    for (const { path, headers } of fal.requests) {
      const wanted = path.includes("svelte") ? "svelte-id:svelte-secret" : fal.key;
      expect(headers["authorization"], path).toBe(`Key ${wanted}`);
    }
  });
});

/** The values that a module of the published package exports, from its declarations. */
function publishedNames(module: string): string[] {
  const resolve = createRequire(
    join(import.meta.dirname, "../../../examples/published/package.json"),
  ).resolve;
  const folder = dirname(resolve("published-server-proxy"));
  const text = readFileSync(join(folder, `${module}.d.ts`), "utf8");
  const declared = [...text.matchAll(/^export declare (?:const|function) (\w+)/gm)];
  const listed = [...text.matchAll(/^export \{([^}]*)\}/gm)]
    .flatMap(([, names = ""]) => names.split(",").map((name) => name.trim()))
    .filter((name) => /^\w+$/.test(name));
  return [...declared.map(([, name = ""]) => name), ...listed].sort();
}
