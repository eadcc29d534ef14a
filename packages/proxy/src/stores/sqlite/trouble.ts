/** What an error of a SQLite driver means. */
import { StoreUnavailable } from "../store.ts";

/** Whether another process is writing: nothing was done. */
export const isBusy = (error: unknown): boolean =>
  error instanceof Error && /database( table)? is locked|SQLITE_BUSY/i.test(error.message);

export const unprepared = (cause?: unknown): StoreUnavailable =>
  new StoreUnavailable(
    "unprepared",
    "the tables are missing from the SQLite file, or of another version. If it is new, `npx fal-proxy migrate` makes them; if it is not, it was lost.",
    { cause },
  );

export function troubleOf(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof StoreUnavailable) return error;
  if (/no such (table|column)/.test(error.message)) return unprepared(error);
  return new StoreUnavailable("unreachable", "SQLite could not be asked.", { cause: error });
}
