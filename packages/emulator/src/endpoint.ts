/** Endpoint ids: `[workflows|comfy/]owner/app[/path…]`, and the table that finds a model by its id. */
import type { Model } from "./model.ts";

const namespaces = new Set(["workflows", "comfy"]);

/** How many segments name the app: two, or three below a reserved first segment. */
export function appLength(segments: readonly string[]): number {
  return namespaces.has(segments[0] ?? "") ? 3 : 2;
}

/** `[namespace/]owner/app` of an id, or undefined when the id is too short to name one. */
export function appOf(segments: readonly string[]): string | undefined {
  const length = appLength(segments);
  return segments.length < length ? undefined : segments.slice(0, length).join("/");
}

export interface ModelTable {
  readonly models: readonly Model[];
  find(id: string): Model | undefined;
  /** Whether any model lives in the app: fal tells an unknown app from an unknown path within one. */
  hasApp(app: string): boolean;
}

/**
 * @param models later entries replace earlier ones of the same id
 * @param unknown makes a model for an id that none of them has
 */
export function createModelTable(
  models: readonly Model[],
  unknown?: (id: string) => Model | undefined,
): ModelTable {
  const byId = new Map(models.map((model) => [model.id, model]));
  const apps = new Set([...byId.keys()].map((id) => appOf(id.split("/"))));
  return {
    models: [...byId.values()],
    find: (id) => byId.get(id) ?? unknown?.(id),
    hasApp: (app) => apps.has(app) || unknown?.(app) !== undefined,
  };
}
