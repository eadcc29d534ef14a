/** A store whose verbs are asked of a server: what Postgres and Redis have in common. */
import { isNewEntry, jobOfEntry } from "./entry.ts";
import type { NewJob, Store, Taken } from "./store.ts";
import {
  jobOf,
  listOf,
  seenOf,
  writtenChange,
  writtenRef,
  type JobRow,
  type SeenRow,
} from "./wire.ts";

/** What stores with a server behind them take. */
export interface ServerStoreOptions {
  /** One per fal account; kept apart from others. @default "main" */
  scope?: string;
  /** How long a verb may take, in ms. @default 1000 */
  timeout?: number;
  /** How many days a job is kept after its end. @default 90 */
  keepDays?: number;
  /**
   * Whether what is missing is made on first use. Where it is not, `prepare()` or `npx fal-proxy migrate` makes it: then
   * a server that was lost is noticed instead of being begun anew.
   *
   * @default true unless NODE_ENV is "production"
   */
  autoPrepare?: boolean;
}

/** Asks the server for one verb. @throws StoreUnavailable where it has no answer in time */
export type AskServer = (verb: Verb, what: object) => Promise<unknown>;
export type Verb = "take" | "advance" | "look" | "due" | "override" | "forget";

/** @param take apart, since its answer tells of the server's state as well */
export function serverStore(
  engine: string,
  scope: string,
  ask: AskServer,
  take: (job: NewJob) => Promise<Taken>,
): Store {
  return {
    engine,
    durable: true,
    scope,
    take,
    advance: async (id, change) => {
      const answer = await ask("advance", { id, ...writtenChange(change) });
      const { won, job } = answer as { won: boolean; job?: JobRow };
      return { won, job: job && jobOf(job) };
    },
    look: async ({ id, requestId, buckets = [] }) => {
      const answer = await ask("look", { id, requestId, buckets: buckets.map(writtenRef) });
      const seen = answer as { job: JobRow | null | false; buckets: readonly SeenRow[] };
      return {
        job: seen.job ? jobOf(seen.job) : undefined,
        buckets: listOf(seen.buckets).map(seenOf),
      };
    },
    due: async (max, leaseMs) =>
      listOf((await ask("due", { max, leaseMs })) as readonly JobRow[]).map(jobOf),
    enter: async (entry) => isNewEntry(entry, await take(await jobOfEntry(entry))),
    override: async ({ subject, guard = "", limit, until }) => {
      const written = limit === undefined ? undefined : String(limit);
      await ask("override", { subject, guard, limit: written, until });
    },
    forget: async (owner, subject) => void (await ask("forget", { owner, subject })),
  };
}
