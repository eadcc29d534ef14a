/** The web front's side of a relay: makes one Response, of bytes where they are few, else of a stream. */
import { answerHeaders } from "./headers.ts";
import { joinChunks } from "./body.ts";
import type { OpenCall } from "./open-call.ts";
import type { Refusal } from "./refusal.ts";
import type { Outlet, Relay } from "./relay.ts";
import { fixedLength } from "./stream.ts";

// Below this a reply of known length is handed over whole: a web stream of one chunk costs more
// than the whole relay.
const SMALL = 65_536;

// How much of a streamed reply may wait for a slow reader, in bytes.
const READ_AHEAD = 65_536;

export class WebOutlet implements Outlet {
  /** The answer: as soon as it can be handed over. */
  readonly answer: Promise<Response | Refusal>;
  begun = false;
  #resolve!: (answer: Response | Refusal) => void;
  readonly #call: OpenCall;
  readonly #relay: () => Relay;
  #init: { status: number; headers: Record<string, string> } | undefined;
  /** The chunks of a reply that is handed over whole. */
  #parts: Uint8Array[] | undefined;
  #stream: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(call: OpenCall, relay: () => Relay) {
    this.#call = call;
    this.#relay = relay;
    this.answer = new Promise((resolve) => (this.#resolve = resolve));
  }

  head(status: number, headers: Record<string, string>, bodiless: boolean): void {
    this.#init = { status, headers: { ...answerHeaders(this.#call), ...headers } };
    const length = headers["content-length"];
    if (bodiless) this.#hand(null);
    else if (Number(length) <= SMALL) this.#parts = [];
    else {
      const source = {
        start: (control: ReadableStreamDefaultController<Uint8Array>) =>
          void (this.#stream = control),
        pull: () => this.#relay().drained(),
        cancel: () => {
          this.#stream = undefined;
          this.#relay().leave();
        },
      };
      // Next's edge runtime has no ByteLengthQueuingStrategy.
      const ahead = {
        highWaterMark: READ_AHEAD,
        size: (chunk?: Uint8Array) => chunk?.byteLength ?? 0,
      };
      const body = new ReadableStream<Uint8Array>(source, ahead);
      this.#hand(fixedLength(body, length === undefined ? undefined : Number(length)));
    }
  }

  write(chunk: Uint8Array): boolean {
    if (this.#parts) return this.#parts.push(chunk) > 0;
    this.#stream?.enqueue(chunk);
    return (this.#stream?.desiredSize ?? 1) > 0;
  }

  end(): void {
    if (this.#parts) this.#hand(joinChunks(this.#parts, this.#call.bytes));
    else this.#stream?.close();
    this.#parts = this.#stream = undefined;
  }

  cut(): void {
    this.#stream?.error(new Error("The reply broke off."));
    this.#stream = undefined;
    // Nobody waits for it, or the host would hear nothing.
    if (!this.begun) this.#resolve(new Response(null, { status: 499 }));
  }

  refuse(refusal: Refusal): void {
    this.begun = true;
    this.#resolve(refusal);
  }

  #hand(body: BodyInit | null | Uint8Array): void {
    this.begun = true;
    this.#resolve(new Response(body as BodyInit | null, this.#init as ResponseInit));
  }
}
