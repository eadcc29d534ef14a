/** How lists are asked for: by values of a parameter, and page by page. */
import type { Exchange } from "./exchange.ts";

/** Values of a parameter that is repeated, or separated by commas. */
export function listed({ query }: Exchange, name: string): string[] {
  const values = query.getAll(name).flatMap((value) => value.split(","));
  return values.map((value) => value.trim()).filter((value) => value !== "");
}

/** One page of a list: `limit` entries from `cursor` on, which is opaque to callers. */
export function paged<Row>(
  { query }: Exchange,
  rows: readonly Row[],
  most = 100,
): { page: Row[]; next_cursor: string | null; has_more: boolean } {
  const limit = Math.min(Math.max(Math.trunc(Number(query.get("limit") ?? 50)) || 50, 1), most);
  const from = Number(Buffer.from(query.get("cursor") ?? "", "base64url").toString()) || 0;
  const end = from + limit;
  const more = end < rows.length;
  return {
    page: rows.slice(from, end),
    next_cursor: more ? Buffer.from(String(end)).toString("base64url") : null,
    has_more: more,
  };
}
