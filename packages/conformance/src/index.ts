/** The library entry: judge a proxy from a test of your own. */
export type { Case, Failure, Level, Need, Topic } from "./case.ts";
export { allCases } from "./cases/index.ts";
export {
  parseExpectedFailures,
  readExpectedFailures,
  type ExpectedFailures,
} from "./expected-failures.ts";
export { allowedEndpoints, profileEnvironment, profiles, type ProfileName } from "./profiles.ts";
export type { Counts, Outcome, Report, Result } from "./report.ts";
export { formats, type Format } from "./report/index.ts";
export { describeFailure } from "./report/text.ts";
export {
  runConformance,
  selectCases,
  type ConformanceOptions,
  type StartRequest,
} from "./runner.ts";
export { startCommand, StartFailed, type Started, type StartOptions } from "./start.ts";
