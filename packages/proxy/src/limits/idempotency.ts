/**
 * The caller's `idempotency-key`: a call that is made again under it buys nothing again. fal has no such thing, and
 * clients retry submits.
 *
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
import { digestOf } from "../digest.ts";
import type { Replay } from "../meter.ts";
import type { OpenCall } from "../open-call.ts";
import { refuse, type Refusal } from "../refusal.ts";
import type { Job, NewJob, Store } from "../stores/store.ts";
import { appOf } from "./endpoint.ts";

const HEADER = "idempotency-key";
const LONGEST = 255;
/** How long a twin waits until the first one's request id is known, in ms. */
const FOR_TWIN = 3000;
const STEP = 100;

/** Whether a call must not be made twice. */
export const hasIdentity = (call: OpenCall): boolean => call.header(HEADER) !== undefined;

/**
 * What tells this call from others: its key, and what it asks.
 *
 * @returns nothing without a key, or where nobody knows who calls: two strangers may use the same one
 */
export async function identityOf(
  call: OpenCall,
  owner: string,
): Promise<Pick<NewJob, "dedupe" | "hash"> | Refusal> {
  const key = call.header(HEADER);
  if (key === undefined || owner === "") return { hash: "-" };
  if (key === "" || key.length > LONGEST) {
    return refuse(
      "input_not_allowed",
      `The header ${HEADER} must have 1 to ${LONGEST} characters.`,
    );
  }
  const body = new TextDecoder().decode(await call.body?.bytes());
  const { url } = call.target;
  const [dedupe, hash] = await Promise.all([
    digestOf("SHA-256", JSON.stringify([owner, key])),
    digestOf("SHA-256", JSON.stringify([call.method, url, body])),
  ]);
  return { dedupe, hash };
}

/** A call that was made before. @returns "again" where the first one was called off, so that the key is free */
export async function replayOf(job: Job, store: Store): Promise<Replay | Refusal | "again"> {
  let first: Job | undefined = job;
  for (let waited = 0; isUnheard(first) && waited < FOR_TWIN; waited += STEP) {
    await new Promise((resolve) => setTimeout(resolve, STEP));
    first = (await store.look({ id: job.id })).job;
  }
  if (first === undefined || first.state === "void") return "again";
  if (first.operation === "submit" && first.requestId !== undefined)
    return submitted(first, first.requestId);
  return first.state === "open"
    ? refuse("duplicate_running", "This call is being made already.", {
        headers: { "retry-after": "2" },
      })
    : refuse("duplicate_done", "This call was made already, and its answer is not kept.");
}

const isUnheard = (job: Job | undefined): boolean =>
  job?.operation === "submit" && job.state === "open" && job.requestId === undefined;

export const mismatch = (): Refusal =>
  refuse("idempotency_mismatch", `This ${HEADER} stands for another call: use a new one for each.`);

/** As fal answers a submit. */
function submitted({ endpoint }: Job, requestId: string): Replay {
  const url = `https://queue.fal.run/${appOf(endpoint)}/requests/${requestId}`;
  const body = {
    status: "IN_QUEUE",
    request_id: requestId,
    response_url: url,
    status_url: `${url}/status`,
    cancel_url: `${url}/cancel`,
  };
  return { kind: "replay", body: JSON.stringify(body) };
}
