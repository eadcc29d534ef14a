/** What a saboteur is: the reference proxy with one thing broken, and the cases that must notice. */
import type { Topic } from "../../src/case.ts";
import type {
  Behaviour,
  Pairs,
  Refusal,
  RelayedCall,
  Target,
  Wiring,
} from "../reference/behaviour.ts";
import type { Sloppiness } from "../reference/sloppy-front.ts";

export interface Sabotage {
  /** The parts that are broken. */
  readonly change?: (correct: Behaviour) => Partial<Behaviour>;
  /** Other cases that notice it too. */
  readonly also?: readonly string[];
  /** A careless server in front, for breaks of the framing; only `scope` is tried through it. */
  readonly front?: Sloppiness;
  readonly scope?: readonly Topic[];
  /** What else the process prints: `auth-key-never-printed`. */
  readonly prints?: (key: string) => string;
}

/** By the id of the case that it is made for. */
export type Sabotages = Readonly<Record<string, Sabotage>>;

export const isRefusal = (value: string | Target | Refusal): value is Refusal =>
  typeof value === "object" && "status" in value && "code" in value;

export const wiring =
  (changes: Partial<Wiring>) =>
  (b: Behaviour): Partial<Behaviour> => ({ wiring: { ...b.wiring, ...changes } });

/** Targets whose text matches are parsed after they were changed: what a missing check lets through. */
export const accepts =
  (pattern: RegExp, change: (text: string) => string) =>
  (b: Behaviour): Partial<Behaviour> => ({
    parseTarget: (text) => b.parseTarget(pattern.test(text) ? change(text) : text),
  });

/** Request headers for fal, changed. */
export const forwards =
  (change: (headers: Array<[string, string]>, raw: Pairs) => Array<[string, string]>) =>
  (b: Behaviour): Partial<Behaviour> => ({ forward: (raw) => change(b.forward(raw), raw) });

/** A request header that passes although it must not. */
export const leaks = (...names: string[]): ((b: Behaviour) => Partial<Behaviour>) =>
  forwards((headers, raw) => [
    ...headers,
    ...raw
      .map(([name, value]) => [name.toLowerCase(), value] as [string, string])
      .filter(([name]) => names.includes(name)),
  ]);

/** Reply headers for the caller, changed. */
export const relays =
  (
    change: (
      headers: Array<[string, string]>,
      raw: Pairs,
      call: RelayedCall,
    ) => Array<[string, string]>,
  ) =>
  (b: Behaviour): Partial<Behaviour> => ({
    relay: (raw, call) => change(b.relay(raw, call), raw, call),
  });

/** A reply header that passes although it must not. */
export const copies = (...names: string[]): ((b: Behaviour) => Partial<Behaviour>) =>
  relays((headers, raw) => [
    ...headers,
    ...raw
      .map(([name, value]) => [name.toLowerCase(), value] as [string, string])
      .filter(([name]) => names.includes(name)),
  ]);

/** Allowed hosts, more of them. */
export const allowsHost =
  (allowed: (target: Target) => boolean) =>
  (b: Behaviour): Partial<Behaviour> => ({
    hostAllowed: (target, method, config) =>
      allowed(target) || b.hostAllowed(target, method, config),
  });

/** The endpoint list, judged differently: undefined leaves the correct judgement. */
export const judges =
  (
    judge: (
      target: Target,
      method: string,
      endpoints: readonly string[],
      text: string,
    ) => boolean | undefined,
  ) =>
  (b: Behaviour): Partial<Behaviour> => ({
    endpointAllowed: (...args) => judge(...args) ?? b.endpointAllowed(...args),
  });

/** Refusals, changed. */
export const answers =
  (change: (refusal: Refusal) => { type?: string; text?: string }) =>
  (b: Behaviour): Partial<Behaviour> => ({
    errorBody: (refusal) => ({ ...b.errorBody(refusal), ...change(refusal) }),
  });
