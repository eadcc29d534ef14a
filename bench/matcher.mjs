// `npm run bench:matcher`: what a match of the library's lists costs next to picomatch, with long lists and hostile
// targets. CPU time, medians of interleaved rounds; only the ratios within one run mean something.
import { createUrlMatcher } from "@fal-ai/server-proxy";
import picomatch from "picomatch";

const ROUNDS = 9;
const ours = createUrlMatcher;
const theirs = (patterns) => picomatch(patterns, { dot: true });

const ids = Array.from({ length: 10_000 }, (_, index) => `owner-${index % 100}/app-${index}/**`);
const one = [ids[4277]];
const id = "owner-77/app-4277/fast/image-to-image";
const nineKb = 9 * 1024;
const typical = ["fal.run/**", "queue.fal.run/**"];
const status = "queue.fal.run/fal-ai/flux/requests/764cabcf-b745-4b3e-ae38-1200304cf45b/status";

/** Each row: two things to measure, by name, and how often one sample runs them. The ratio is first over second. */
const rows = [
  {
    what: "10,000 ids against one, same target",
    wanted: 1.1,
    first: [ours(ids), id, 20_000],
    second: [ours(one), id, 20_000],
  },
  {
    what: "… of picomatch",
    first: [theirs(ids), id, 4],
    second: [theirs(one), id, 20_000],
  },
  {
    what: "10,000 ids against one, 9 KB of target",
    wanted: 1.1,
    first: [ours(ids), longId(), 2_000],
    second: [ours(one), longId(), 2_000],
  },
  ...hostile("**/*image*edit*", (length) => `${repeat("imageedit", length)}/x`, 2048),
  ...hostile("*a*a*a*a*b", (length) => repeat("a", length), 96),
  ...hostile("**/**/**/x", (length) => repeat("a/", length), 4096),
  {
    what: "a status by the default list, ours against picomatch",
    first: [ours(typical), status, 20_000],
    second: [theirs(typical), status, 20_000],
  },
];

/** The growth of our time, and picomatch's against ours at a length that it can do at all. */
function hostile(pattern, text, length) {
  const [mine, its] = [ours([pattern]), theirs([pattern])];
  return [
    {
      what: `\`${pattern}\`, 9 KB against 4.5 KB`,
      wanted: 2.5,
      first: [mine, text(nineKb), 4],
      second: [mine, text(nineKb / 2), 8],
    },
    {
      what: `… picomatch against ours, ${length} characters`,
      first: [its, text(length), 1],
      second: [mine, text(length), 20],
    },
  ];
}

console.log("| match | µs | against µs | ratio |\n| --- | ---: | ---: | ---: |");
for (const { what, wanted, first, second } of rows) {
  const samples = { first: [], second: [] };
  measure(...first);
  measure(...second);
  for (let round = 0; round < ROUNDS; round += 1) {
    samples.first.push(measure(...first));
    samples.second.push(measure(...second));
  }
  const [a, b] = [median(samples.first), median(samples.second)];
  const verdict = wanted === undefined ? "" : ` ${a / b <= wanted ? "✓" : "✗"} (at most ${wanted})`;
  console.log(`| ${what} | ${a.toFixed(2)} | ${b.toFixed(2)} | ${(a / b).toFixed(2)}${verdict} |`);
}

/** The CPU time of one match, in µs. */
function measure(match, text, times) {
  const before = process.cpuUsage();
  for (let run = 0; run < times; run += 1) match(text);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

function repeat(unit, length) {
  return unit.repeat(length / unit.length);
}

function longId() {
  return `${id}/${repeat("image/", nineKb)}`;
}
