// Which sources are mutated, and by what their mutants must be noticed. `npm run mutate` reads it.

const library = "packages/proxy";
const group = process.env.MUTATION_GROUP ?? "rules";
const source = (name) => `${library}/src/${name}.ts`;

/**
 * The sources, by the tests that must notice. One that does not exist is passed over.
 *
 * `rules`: what decides; tests without a socket see all of it, and together take a second.
 * `relaying`: what chooses headers, holds a reply and hands it on; tests over sockets see it, and take longer.
 */
export const GROUPS = {
  rules: [
    "target",
    "url",
    "glob",
    "glob-tree",
    "allow",
    "restrictions",
    "credentials",
    "authenticate",
  ].map(source),
  relaying: ["headers", "head", "relay"].map(source),
};

export default {
  mutate: GROUPS[group],
  testRunner: "vitest",
  vitest: { configFile: "mutation/vitest.config.mjs", related: false },
  plugins: ["@stryker-mutator/vitest-runner"],
  // What the rules remember hides from a later test what it depends on, so each mutant of theirs meets all tests.
  coverageAnalysis: group === "rules" ? "all" : "perTest",
  // The machine may have other work.
  concurrency: 1,
  timeoutMS: 10_000,
  thresholds: { high: 95, low: 85, break: 85 },
  reporters: ["progress-append-only", "clear-text", "html", "json"],
  clearTextReporter: { logTests: false, allowEmojis: false, reportTests: false },
  htmlReporter: { fileName: `.artifacts/mutation/${group}.html` },
  jsonReporter: { fileName: `.artifacts/mutation/${group}.json` },
  // A copy of the library and its tests is mutated there, and of what is built, for tests that start processes. The
  // packages that they use are found where they are.
  tempDirName: ".artifacts/mutation-sandbox",
  ignorePatterns: [
    "**",
    "!package.json",
    "!tsconfig.base.json",
    "!mutation/*",
    `!${library}/package.json`,
    `!${library}/{src,test,dist}/**`,
  ],
  allowConsoleColors: false,
};
