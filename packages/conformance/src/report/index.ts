/** The formats of `--format`. */
import type { Report } from "../report.ts";
import { jsonReport } from "./json.ts";
import { junitReport } from "./junit.ts";
import { markdownReport } from "./markdown.ts";
import { tapReport } from "./tap.ts";
import { textReport } from "./text.ts";

export type Format = "text" | "tap" | "junit" | "json" | "markdown";

export const formats: Readonly<Record<Format, (report: Report) => string>> = {
  text: textReport,
  tap: tapReport,
  junit: junitReport,
  json: jsonReport,
  markdown: markdownReport,
};

export function isFormat(name: string): name is Format {
  return Object.hasOwn(formats, name);
}
