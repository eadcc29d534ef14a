/**
 * Whether anybody looks after jobs whose result is never read. An app that forgot to is told once, where its process
 * can know: in development, and with a store that no other process sees.
 */
import { isDevelopment } from "../environment.ts";

/** After the first submit, in ms: a timer that sweeps each minute has done so by then, and the first job is due. */
const GRACE = 180_000;

export class Attendance {
  readonly #engine: string;
  #isAttended: boolean;
  #isWatching = false;

  /** @param isAttended whether fal tells of the ends of jobs */
  constructor(engine: string, isAttended: boolean) {
    this.#engine = engine;
    this.#isAttended = isAttended;
  }

  /** A sweep, or a route for one or for webhooks, is there. */
  attend(): void {
    this.#isAttended = true;
  }

  /** A job was submitted. */
  submitted(): void {
    if (this.#isAttended || this.#isWatching) return;
    this.#isWatching = true;
    if (this.#engine !== "memory" && !isDevelopment()) return;
    const timer = setTimeout(() => {
      if (this.#isAttended) return;
      console.warn(
        "fal proxy: nothing looks after jobs whose result nobody reads: they keep their place for an hour, and what was set aside for them. Call settleDue(fal) from a timer, or serve createSweepHandler or createWebhookHandler.",
      );
    }, GRACE);
    (timer as { unref?: () => void }).unref?.();
  }
}
