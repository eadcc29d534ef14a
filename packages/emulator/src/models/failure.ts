/** A model's refusals and failures, in the shape that fal gives them: `{"detail": [{loc, msg, type, url, …}]}`. */
import type { ModelReply, ModelStream } from "../model.ts";
import type { Issue } from "../schema/check.ts";

function reply(status: number, issues: readonly Issue[]): ModelReply {
  const detail = issues.map(({ loc, msg, type, ctx, input }) => ({
    loc,
    msg,
    type,
    url: `https://docs.fal.ai/errors#${type}`,
    ...(ctx !== undefined && { ctx }),
    ...(input !== undefined && { input }),
  }));
  const headers = { "x-fal-error-type": issues[0]?.type ?? "value_error" };
  return { status, body: { detail }, headers };
}

/** The schema's refusal, before the model has done anything: 422, billed as nothing. */
export function invalid(issues: readonly Issue[]): ModelReply {
  return { ...reply(422, issues), billableUnits: "0" };
}

/**
 * A failure while the model worked. It names no billable units, as fal's own does not: what a 422 of this kind
 * costs is for the billing events to say.
 */
export function failed(status: number, issue: Issue): ModelReply {
  return reply(status, [issue]);
}

/** A refusal where a stream was asked for: it comes before the first event, so it still has its status. */
export function refusedStream({
  status = 422,
  headers = {},
  body,
  ...reply
}: ModelReply): ModelStream {
  const { billableUnits } = reply;
  const units = billableUnits === undefined ? {} : { "x-fal-billable-units": billableUnits };
  const bytes = Buffer.from(JSON.stringify(body));
  const chunks = (async function* () {
    yield bytes;
  })();
  return { status, headers: { ...headers, ...units }, contentType: "application/json", chunks };
}
