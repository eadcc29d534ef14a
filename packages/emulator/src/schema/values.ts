/** Takes single fields out of an input; a field that is absent or of another type gives the fallback. */
import type { Values } from "./check.ts";

export function textOf(values: Values, name: string, fallback = ""): string {
  const value = values[name];
  return typeof value === "string" ? value : fallback;
}

export function numberOf(values: Values, name: string, fallback: number): number {
  const value = values[name];
  return typeof value === "number" && Number.isFinite(value) ? value : fallback;
}

export function flagOf(values: Values, name: string, fallback: boolean): boolean {
  const value = values[name];
  return typeof value === "boolean" ? value : fallback;
}

export function textsOf(values: Values, name: string): string[] {
  const value = values[name];
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
