/** The webhook's route: fal says that a job is over, and what became of it is asked of fal itself. */
import { joinChunks } from "../body.ts";
import { upstreamOrigin } from "../check.ts";
import { StoreUnavailable, type Job } from "../stores/store.ts";
import { answer } from "./answer.ts";
import type { FalProxy } from "./define.ts";
import { resolve } from "./resolve.ts";
import { siteBeside, tellTrouble } from "./site.ts";
import { createSignatureCheck } from "./webhook-signature.ts";

/** A job that is over. */
export interface JobResult {
  /** The same each time, where it is told twice. */
  readonly jobId: string;
  readonly requestId: string;
  readonly endpoint: string;
  /** Whose it is, as in the store: `user/42`, with a tenant `user/acme/42`; empty for nobody's. */
  readonly owner: string;
  /** fal's status for the result: 200, or that of its failure. */
  readonly status: number;
  /** What the model gave, or how it failed, as fal's result says; parsed. */
  readonly output: unknown;
}

export interface WebhookHandlerOptions {
  /**
   * Receives each job that is over at least once, and never twice at a time: `jobId` tells repeats. What it rejects with
   * makes fal deliver again.
   */
  onResult?: (result: JobResult) => unknown;
  /** The user id of the operator's fal account: webhooks that others had signed are refused at once. @default any */
  userId?: string;
  /** The longest body that is read, in bytes. @default 10485760 */
  maxBodyBytes?: number;
}

/** How long one process has for telling the app, in ms. */
const TO_TELL = 60_000;

/**
 * The route of `webhookUrl`: `Request → Response`, on any host that has such routes.
 *
 * @returns 200 once it is settled and told; 400 or 403 for what is not fal's; 404 for a job that is not the app's; 503
 *   where fal should deliver it again
 *
 * @example
 * ```ts
 * export const POST = createWebhookHandler(fal, { onResult: ({ jobId, output }) => saveImage(jobId, output) });
 * ```
 */
export function createWebhookHandler(
  fal: FalProxy,
  { onResult, userId, maxBodyBytes = 10_485_760 }: WebhookHandlerOptions = {},
): (request: Request) => Promise<Response> {
  const check = createSignatureCheck(fal.fetch, fal.upstream && upstreamOrigin(fal.upstream));
  const { definition } = fal.meter;
  const { store, attendance } = definition;
  attendance.attend();

  async function tell(job: Job, status: number, output: unknown): Promise<Response> {
    if (onResult === undefined || job.told === "done") return done();
    const { won, job: now } = await store.advance(job.id, { tell: TO_TELL });
    // Another delivery is at it, or was.
    if (!won) return now?.told === "done" ? done() : again("busy");
    const { id: jobId, requestId = "", endpoint, owner } = job;
    await onResult({ jobId, requestId, endpoint, owner, status, output });
    await store.advance(job.id, { tell: "done" });
    return done();
  }

  return async (request) => {
    const { site, over } = siteBeside(fal.onEvent, "webhook");
    try {
      if (request.method !== "POST") return refused(405, "method");
      const body = await bodyOf(request, maxBodyBytes);
      if (body === undefined) return refused(413, "size");
      const wrong = await check(request.headers, body, Date.now());
      if (wrong === "keys") return again("keys");
      if (wrong) return refused(wrong === "headers" ? 400 : 403, wrong);
      if (userId !== undefined && request.headers.get("x-fal-webhook-user-id") !== userId)
        return refused(403, "user");
      const requestId = request.headers.get("x-fal-webhook-request-id") ?? "";
      const { job } = await store.look({ requestId });
      if (job === undefined) return refused(404, "unknown");
      if (job.told === "done") return done();
      // A hint, and no more: what counts is read with our own key.
      const { what, result } = await resolve(site, job, definition);
      if (result === undefined) return what === "settled" ? done() : again(what);
      return await tell(job, result.status, result.body);
    } catch (error) {
      tellTrouble(site, error);
      return error instanceof StoreUnavailable
        ? again("state")
        : answer(500, { code: "internal_error" });
    } finally {
      await over();
    }
  };
}

const done = (): Response => answer(200, { ok: true });
const refused = (status: number, code: string): Response => answer(status, { code });
/** fal delivers again what is not taken. */
const again = (code: string): Response => answer(503, { code });

async function bodyOf(
  { body }: Request,
  most: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength;
    if (length > most) return undefined;
    parts.push(chunk);
  }
  return joinChunks(parts, length) as Uint8Array<ArrayBuffer>;
}
