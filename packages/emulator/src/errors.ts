/** fal's two families of error bodies, and where each is used. */
import { type Answer, type HeaderList, json } from "./answer.ts";

/** Request-level error types and their status. @see https://docs.fal.ai/model-apis/errors */
const statusOf = {
  request_timeout: 504,
  startup_timeout: 504,
  runner_scheduling_failure: 503,
  runner_connection_timeout: 503,
  runner_disconnected: 503,
  runner_connection_refused: 503,
  runner_connection_error: 503,
  runner_incomplete_response: 502,
  runner_server_error: 500,
  client_disconnected: 499,
  client_cancelled: 499,
  bad_request: 400,
  internal_error: 500,
  concurrent_requests_limit: 429,
} as const;

export type RequestErrorType = keyof typeof statusOf;

/** Infrastructure family: `{"detail": "<text>", "error_type": "<type>"}`, with the type as a header too. */
export function requestError(
  type: RequestErrorType,
  detail: string,
  headers: HeaderList = [],
): Answer {
  return json(statusOf[type], { detail, error_type: type }, [
    ["x-fal-error-type", type],
    ...headers,
  ]);
}

/** One complaint of the validation family. */
export interface Complaint {
  loc: Array<string | number>;
  msg: string;
  type: string;
  input?: unknown;
  ctx?: Record<string, unknown>;
}

/** Validation family: `{"detail": [{loc, msg, type, url, …}]}`, which costs nothing. */
export function validationError(
  complaints: readonly Complaint[],
  headers: HeaderList = [],
): Answer {
  const detail = complaints.map((complaint) => ({
    ...complaint,
    url: `https://docs.fal.ai/errors#${complaint.type}`,
  }));
  return json(422, { detail }, [
    ["x-fal-error-type", complaints[0]?.type ?? "value_error"],
    ["x-fal-billable-units", "0"],
    ...headers,
  ]);
}

/** An answer whose body only explains itself: 404s, 405s and the like. */
export function plain(status: number, detail: string, headers: HeaderList = []): Answer {
  return json(status, { detail }, headers);
}

/** No such app on the whole platform. */
export function appNotFound(app: string): Answer {
  const alias = app.slice(app.indexOf("/") + 1);
  return plain(404, `Application "${alias}" not found`);
}

/** The app exists, the path within it does not: answered by the app's own framework, for nothing. */
export function pathNotFound(path: string): Answer {
  return plain(404, `Path ${path} not found`, [["x-fal-billable-units", "0"]]);
}

export function methodNotAllowed(allow: string): Answer {
  return plain(405, "Method Not Allowed", [["allow", allow]]);
}
