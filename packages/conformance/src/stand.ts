/** A proxy that stands in one profile: raised when a run begins, again whenever its process has ended. */
import type { Emulator } from "fal-emulator";
import { profileEnvironment, type ProfileName } from "./profiles.ts";
import { createRig, type Rig } from "./rig.ts";
import type { ConformanceOptions } from "./runner.ts";
import { startCommand, type Started } from "./start.ts";
import { eventually } from "./wants.ts";

export interface Stand {
  /** What cases work with, or the reason why nothing stands. */
  readonly rig: Rig | Error;
  /**
   * Whether its process has ended by itself. Waits a moment: a reply, or a broken connection, is seen before the end of
   * the process that caused it.
   */
  endsSoon(afterFailure: boolean): Promise<boolean>;
  /** How often it was started: when this changes during a case, the process ended meanwhile. */
  readonly generation: number;
  /** What the process printed last. */
  printed(): string;
  /** Starts it again when it has ended; callers at the same time share one start. */
  revive(): Promise<void>;
  stop(): Promise<void>;
}

export async function raiseStand(
  profile: ProfileName,
  options: ConformanceOptions,
  emulator: Emulator,
): Promise<Stand> {
  const base = {
    key: emulator.key,
    emulator,
    packageFolder: options.packageFolder,
    longCallMs: options.longCallMs,
    http2: profile === "http2",
  };
  const { start } = options;
  if (!start) {
    const url = new URL(options.urls?.[profile] as string);
    return {
      rig: createRig({ ...base, url }),
      generation: 1,
      endsSoon: async () => false,
      printed: () => "",
      revive: async () => {},
      stop: async () => {},
    };
  }

  const environment = profileEnvironment(profile, { key: emulator.key, upstream: emulator.url });
  const path = options.path ?? "/api/fal/proxy";
  let started: Started | undefined;
  let rig: Rig | Error;
  let printedBefore = "";
  let generation = 0;
  const raise = async (): Promise<void> => {
    generation++;
    try {
      started =
        typeof start === "function"
          ? await start({ profile, environment })
          : await startCommand({ command: start, environment, path });
      const { url, pid, printed } = started;
      rig = createRig({ ...base, url, pid, printed: () => printedBefore + (printed?.() ?? "") });
    } catch (error) {
      started = undefined;
      rig = error as Error;
    }
  };
  await raise();

  let reviving: Promise<void> | undefined;
  return {
    get rig() {
      return rig;
    },
    get generation() {
      return generation;
    },
    endsSoon: async (afterFailure) => {
      const { ended } = started ?? {};
      return ended !== undefined && eventually(ended, afterFailure ? 200 : 60);
    },
    printed: () => started?.printed?.() ?? "",
    revive: () => {
      if (!started?.ended?.()) return reviving ?? Promise.resolve();
      printedBefore += started.printed?.() ?? "";
      started = undefined;
      reviving = raise();
      return reviving;
    },
    stop: async () => started?.stop(),
  };
}
