/** From a plan to the end of its call: one path, whose head is held only while a guard has not answered. */
import { exchange } from "#upstream";
import { announce, goOn } from "./background.ts";
import type { OutgoingBody } from "./body.ts";
import { correctHeaders } from "./body-headers.ts";
import { answered, endCall, type End } from "./end.ts";
import { backupOrigin } from "./fal-hosts.ts";
import { fault } from "./fault.ts";
import { isBodiless, isFit, ShownReply } from "./head.ts";
import { findHeader, relayHeaders, type HeaderList } from "./headers.ts";
import type { OpenCall } from "./open-call.ts";
import type { Plan } from "./plan.ts";
import { firstRefusal, refuse, Refused, type Refusal } from "./refusal.ts";
import type { Flow, Sink, UpstreamFailure } from "./upstream/exchange.ts";

/** Where an answer goes: what a front writes to. */
export interface Outlet {
  /** Whether anything went to the caller that cannot be taken back. */
  readonly begun: boolean;
  /** @param bodiless nothing follows but `end` */
  head(status: number, headers: Record<string, string>, bodiless: boolean): void;
  /**
   * @param last the announced length is reached
   * @returns false when the caller takes no more for now; the front then calls {@link Relay.drained}
   */
  write(chunk: Uint8Array, last: boolean): boolean;
  /** The body is whole. Called also after a last chunk. */
  end(): void;
  /** Breaks the answer off, so that the caller can tell. Never throws. */
  cut(): void;
  refuse(refusal: Refusal): void;
}

// How much of a reply is read for a caller who has left, in bytes: as much as a guard may ask for.
const UNREAD = 1_048_576;

/** One call on its way, between an upstream client and a front. */
export class Relay implements Sink {
  readonly #call: OpenCall;
  readonly #plan: Plan;
  readonly #outlet: Outlet;
  #flow: Flow | undefined;
  #body: OutgoingBody | undefined;
  #status = 0;
  #headers: HeaderList = [];
  /** The announced length of the reply; NaN when there is none. */
  #length = NaN;
  #shown: ShownReply | undefined;
  /** Chunks that wait for a guard's answer; undefined when nothing is held. */
  #held: Uint8Array[] | undefined;
  /** How the exchange ended while its reply was held. */
  #outcome: "whole" | UpstreamFailure | undefined;
  #left = false;
  /** Bytes that came for a caller who has left. */
  #unread = 0;
  #isOver = false;
  #stalled: ReturnType<typeof setTimeout> | undefined;
  #settle: () => void = () => {};
  /** Resolves when the answer is over; never rejects. */
  readonly over: Promise<void> = new Promise((resolve) => (this.#settle = resolve));

  constructor(call: OpenCall, plan: Plan, outlet: Outlet) {
    this.#call = call;
    this.#plan = plan;
    this.#outlet = outlet;
  }

  /** Sends the call. @returns {@link over} */
  async run(): Promise<void> {
    const call = this.#call;
    // Where the platform ends what nobody waits for, a submit must be seen through.
    if (call.target.operation === "submit") announce(call, this.over);
    try {
      const outgoing = call.body?.outgoing();
      this.#send(outgoing instanceof Promise ? await outgoing : outgoing);
    } catch (error) {
      this.#broke(error);
    }
    return this.over;
  }

  #send(body: OutgoingBody | undefined): void {
    // The caller left while its body was read.
    if (this.#isOver) return;
    this.#body = body;
    if (body instanceof Uint8Array) correctHeaders(this.#plan.headers, body);
    this.#flow = exchange(this.#plan, body, this);
  }

  /** Asks under fal's backup name, once, where no connection could be made: so far nothing was sent. */
  #retries(): boolean {
    const call = this.#call;
    const origin = backupOrigin(this.#plan.origin);
    const isUnsent = this.#flow?.begun === false && call.falStatus === undefined;
    if (origin === undefined || !isUnsent || call.viaBackup) return false;
    call.viaBackup = true;
    this.#flow = exchange({ ...this.#plan, origin }, this.#body, this);
    return true;
  }

  /** Whether the whole request went out. */
  get #sent(): boolean {
    return (this.#flow?.begun ?? false) && (this.#call.body?.complete ?? true);
  }

  head(status: number, headers: HeaderList): void {
    const call = this.#call;
    call.falStatus = status;
    call.firstByteMs = Date.now() - call.arrived;
    call.billableUnits = findHeader(headers, "x-fal-billable-units");
    this.#status = status;
    this.#headers = headers;
    if (!isFit(status)) return this.#lose({ timedOut: false, cause: undefined });
    if (call.replyHooks.length === 0) return this.#open(undefined);
    this.#shown = new ShownReply(status, headers, {
      arrived: () => ({ chunks: this.#held ?? [], over: this.#outcome === "whole" }),
      more: () => this.#flow?.resume(),
    });
    let answer;
    try {
      answer = firstRefusal(call.replyHooks, this.#shown);
    } catch (error) {
      return this.#crash(error);
    }
    if (!(answer instanceof Promise)) return this.#open(answer);
    this.#held = [];
    answer.then(
      (refusal) => this.#open(refusal),
      (error: unknown) => this.#crash(error),
    );
  }

  data(chunk: Uint8Array): boolean {
    if (this.#isOver) {
      // A body where none belongs.
      this.#flow?.abort();
      return true;
    }
    const held = this.#held;
    const shown = this.#shown;
    if (held && !shown?.wanted) {
      held.push(chunk);
      return false;
    }
    shown?.pass(chunk);
    // A submit that goes on without its caller: what it says is short.
    if (this.#left) {
      this.#unread += chunk.byteLength;
      if (this.#unread > UNREAD) this.#stop("client_gone");
      return true;
    }
    if (!held) return this.#pass(chunk);
    held.push(chunk);
    return shown?.wanted ?? false;
  }

  end(): void {
    // A reply without a body is over with its head.
    if (this.#isOver) return;
    // Nothing but interim replies.
    if (this.#call.falStatus === undefined)
      return this.#lose({ timedOut: false, cause: undefined });
    if (this.#held) this.#outcome = "whole";
    if (!this.#held || this.#shown?.wanted) this.#shown?.close(true);
    if (!this.#held) this.#close();
  }

  fail(failure: UpstreamFailure): void {
    if (this.#isOver || this.#retries()) return;
    this.#shown?.close(false);
    if (this.#held) this.#outcome = failure;
    else this.#lose(failure);
  }

  /** The front can take more. */
  drained(): void {
    clearTimeout(this.#stalled);
    if (!this.#held) this.#flow?.resume();
  }

  /**
   * The caller has gone. A run is stopped; a submit that fal may have is not: it is paid for, and who
   * asked for its reply still hears of it.
   */
  leave(): void {
    if (this.#isOver || this.#left) return;
    this.#left = true;
    clearTimeout(this.#stalled);
    this.#outlet.cut();
    if (this.#call.target.operation !== "submit" || !this.#sent) return this.#stop("client_gone");
    goOn(this.#call, this.over);
    this.#flow?.resume();
  }

  /** The guards have answered. */
  #open(refusal: Refusal | undefined): void {
    if (this.#isOver) return;
    const call = this.#call;
    const outlet = this.#outlet;
    const held = this.#held ?? [];
    const outcome = this.#outcome;
    this.#held = undefined;
    try {
      if (refusal) return this.#replace(refusal, "refused");
      if (outcome && outcome !== "whole") return this.#lose(outcome);
      if (!this.#left) {
        const headers = relayHeaders(call, this.#headers);
        const bodiless = isBodiless(this.#status);
        if (bodiless) delete headers["content-length"];
        this.#length = Number(headers["content-length"] ?? NaN);
        call.callerStatus = this.#status;
        outlet.head(this.#status, headers, bodiless);
        if (bodiless) {
          // HTTP frames no body for 204 and 304; one of a 205 may be announced, and need not come.
          if (this.#status === 205) this.#flow?.abort();
          return this.#close();
        }
      }
      let flowing = true;
      for (const chunk of held) {
        if (!this.#shown?.wanted) this.#shown?.pass(chunk);
        flowing = this.#pass(chunk);
      }
      if (outcome === "whole") this.#close();
      else if (flowing) this.#flow?.resume();
    } catch (error) {
      this.#crash(error);
    }
  }

  #pass(chunk: Uint8Array): boolean {
    const call = this.#call;
    const outlet = this.#outlet;
    if (this.#isOver || this.#left) return true;
    try {
      call.bytes += chunk.byteLength;
      const flowing = outlet.write(chunk, call.bytes === this.#length);
      if (!flowing) this.#stall();
      return flowing;
    } catch (error) {
      this.#crash(error);
      return true;
    }
  }

  /** Gives a caller who has stopped reading as long as fal has for a silence. */
  #stall(): void {
    clearTimeout(this.#stalled);
    this.#stalled = setTimeout(() => {
      this.#outlet.cut();
      this.#stop("client_gone");
    }, this.#plan.timeouts.idle);
  }

  #close(): void {
    if (this.#left) return this.#finish("client_gone");
    try {
      this.#outlet.end();
      this.#finish("completed");
    } catch (error) {
      this.#crash(error);
    }
  }

  /** No reply, or only a part of it. */
  #lose({ timedOut, cause }: UpstreamFailure): void {
    const { body, target } = this.#call;
    if (this.#left) return this.#finish("client_gone");
    if (body?.brokenOff || body?.refusal) return this.#broke(cause);
    if (this.#outlet.begun) {
      this.#outlet.cut();
      return this.#finish("upstream_failed");
    }
    this.#replace(lostRefusal(timedOut, target.paid && this.#sent), "upstream_failed");
  }

  /** The caller's body could not be had, or an exception. */
  #broke(error: unknown): void {
    const { brokenOff, refusal } = this.#call.body ?? {};
    if (this.#isOver) return;
    if (brokenOff) {
      this.#outlet.cut();
      return this.#stop("client_gone");
    }
    const no = refusal ?? (error instanceof Refused ? error.refusal : undefined);
    if (no) this.#replace(no, "refused");
    else this.#crash(error);
  }

  /** Answers in place of fal's reply. */
  #replace(refusal: Refusal, outcome: End["outcome"]): void {
    if (this.#left) return this.#stop("client_gone");
    this.#flow?.abort();
    if (this.#outlet.begun) this.#outlet.cut();
    else {
      answered(this.#call, refusal);
      this.#outlet.refuse(refusal);
    }
    this.#finish(outcome);
  }

  #crash(error: unknown): void {
    if (this.#isOver) return;
    const refusal = fault(this.#call, error);
    try {
      this.#replace(refusal, "fault");
    } catch {
      this.#outlet.cut();
      this.#finish("fault");
    }
  }

  #stop(outcome: End["outcome"]): void {
    this.#flow?.abort();
    this.#shown?.close(false);
    this.#finish(outcome);
  }

  #finish(outcome: End["outcome"]): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#stalled);
    this.#call.sent = this.#sent;
    this.#shown?.close(false);
    endCall(this.#call, outcome, true);
    this.#settle();
  }
}

/**
 * The refusal for an answer that did not come. 502 and 504 are retried by fal's clients, so they are
 * used only where a retry cannot buy twice.
 *
 * @param bought fal may have accepted a call that costs money
 * @see PROTOCOL.md, "Errors"
 */
function lostRefusal(timedOut: boolean, bought: boolean): Refusal {
  if (bought) {
    return refuse(
      "upstream_unknown",
      "fal's answer was lost after the request was sent: it may have run and been charged.",
    );
  }
  return timedOut
    ? refuse("upstream_timeout", "fal did not answer in time.")
    : refuse("upstream_unreachable", "fal could not be reached.");
}
