/** Says what went wrong as a person would, keeps the code for whoever needs it. */
import { ApiError } from "@fal-ai/client";

export interface Problem {
  /** A few words. */
  title: string;
  /** What it means and what to do. */
  explanation: string;
  /** Status and machine-readable type, such as `429 concurrent_requests_limit`; empty without an answer. */
  code: string;
  /** What is wrong with which input, by the field's name. */
  fields: Record<string, string>;
  /** Complaints that belong to no single field. */
  others: string[];
  /** The body as it came. */
  body?: unknown;
  /** Whether trying the same again can help. */
  retryable: boolean;
  /** The connection broke, so a queued job may still be running. */
  lost: boolean;
}

interface Words {
  title: string;
  explanation: string;
  retryable?: boolean;
}

/** Codes that the proxy or fal names; looked up before the status. */
const BY_TYPE: Readonly<Record<string, Words>> = {
  no_credentials: {
    title: "The gateway has no fal key",
    explanation: "Whoever runs this gateway has to set FAL_KEY and start it again.",
  },
  endpoint_not_allowed: {
    title: "This model is not allowed here",
    explanation: "The gateway only calls the models that its operator has listed.",
  },
  target_not_allowed: {
    title: "This address is not allowed here",
    explanation: "The gateway only passes on calls to fal.",
  },
  invalid_target: {
    title: "That is not a model id",
    explanation: "A model id looks like owner/name, for example fal-ai/flux/dev.",
  },
  unauthenticated: {
    title: "The gateway does not know you",
    explanation: "Open the address that it printed when it started: the one with the token.",
  },
  upstream_unknown: {
    title: "The answer was lost",
    explanation:
      "fal received the call and the line broke. It may have run, and been billed, all the same.",
  },
  upstream_unreachable: {
    title: "fal cannot be reached",
    explanation: "The gateway found no way to fal. Nothing was generated or billed.",
    retryable: true,
  },
  content_policy_violation: {
    title: "The model declined this input",
    explanation: "Its content checker objected. Rephrase it and try again.",
  },
  concurrent_requests_limit: {
    title: "Too much at once",
    explanation: "The account runs as many requests as it may. Wait for one to finish.",
    retryable: true,
  },
};

const BY_STATUS: Readonly<Record<number, Words>> = {
  400: {
    title: "The request was not understood",
    explanation: "Check the model id and the input.",
  },
  401: {
    title: "The key was not accepted",
    explanation: "fal does not know the gateway's key. Its operator has to set a valid FAL_KEY.",
  },
  402: { title: "The budget is used up", explanation: "Nothing was generated. Top up to go on." },
  403: { title: "Not permitted", explanation: "The account may not do this." },
  404: {
    title: "No such model",
    explanation: "fal knows no endpoint by this id. Check its spelling.",
  },
  408: { title: "It took too long", explanation: "The request ran out of time.", retryable: true },
  413: {
    title: "The input is too large",
    explanation: "Attach the file instead of pasting its data.",
  },
  422: {
    title: "The model rejected the input",
    explanation: "Change what is marked and run it again.",
  },
  429: {
    title: "Too many requests",
    explanation: "The account has reached its limit. Wait a moment and run it again.",
    retryable: true,
  },
  499: { title: "Cancelled", explanation: "The request was stopped before it finished." },
  500: {
    title: "The model failed",
    explanation: "Something broke on fal's side. Failed runs are not billed.",
    retryable: true,
  },
  502: {
    title: "fal stumbled",
    explanation: "The model's machine sent half an answer.",
    retryable: true,
  },
  503: { title: "No machine is free", explanation: "Try again in a moment.", retryable: true },
  504: {
    title: "fal took too long",
    explanation: "The model did not answer in time.",
    retryable: true,
  },
};

const UNREACHABLE: Words = {
  title: "The gateway does not answer",
  explanation:
    "It may have been stopped, or this device is offline. Check that it runs and try again.",
  retryable: true,
};

/** @param labels display names of the model's fields, by name */
export function explainError(error: unknown, labels: ReadonlyMap<string, string>): Problem {
  if (!(error instanceof ApiError)) {
    if (error instanceof TypeError) return problem(UNREACHABLE, { lost: true });
    const text = error instanceof Error ? error.message : String(error);
    return problem({ title: "This page could not send it", explanation: text }, {});
  }
  const { status, body } = error as ApiError<unknown>;
  // The client turns a line that breaks in mid-stream into a status of its own.
  if (body === undefined && status === 500 && /network|fetch/i.test(error.message)) {
    return problem(
      {
        title: "The line broke",
        explanation: "The answer stopped half way. What had arrived is kept.",
        retryable: true,
      },
      { lost: true },
    );
  }
  return explainAnswer(status, body, labels);
}

function explainAnswer(
  status: number,
  body: unknown,
  labels: ReadonlyMap<string, string>,
): Problem {
  const { detail, code, error_type: type, message } = (body ?? {}) as Record<string, unknown>;
  const items = Array.isArray(detail) ? detail.map(asItem) : [];
  const name = [code, type, items[0]?.type].find((one) => typeof one === "string") as
    | string
    | undefined;
  const text = [detail, message].find((one) => typeof one === "string") as string | undefined;

  const locked = text !== undefined && /^user is locked/i.test(text);
  const words: Words = locked
    ? {
        title: "The fal account is locked",
        explanation:
          "Usually its balance is used up. Its owner can top it up at fal.ai/dashboard/billing.",
      }
    : (BY_TYPE[name ?? ""] ??
      BY_STATUS[status] ?? {
        title: status >= 500 ? "Something broke on fal's side" : "The request was refused",
        explanation: text ?? "There was no explanation.",
        retryable: status >= 500,
      });

  const fields: Record<string, string> = {};
  const others: string[] = [];
  for (const { loc, msg } of items) {
    const field = loc.find((step): step is string => typeof step === "string" && labels.has(step));
    if (field !== undefined && !(field in fields)) fields[field] = msg;
    else others.push(loc.length > 0 ? `${loc.join(".")}: ${msg}` : msg);
  }
  if (text !== undefined && text !== words.explanation) others.push(text);
  const codeText = [status, name].filter(Boolean).join(" ");
  return problem(words, { code: codeText, fields, others, body });
}

interface Item {
  loc: Array<string | number>;
  msg: string;
  type: string | undefined;
}

function asItem(value: unknown): Item {
  const { loc, msg, type } = (value ?? {}) as Record<string, unknown>;
  const path = Array.isArray(loc) ? (loc as Array<string | number>) : [];
  return {
    loc: path[0] === "body" ? path.slice(1) : path,
    msg:
      type === "missing"
        ? "This is required."
        : sentence(typeof msg === "string" ? msg : JSON.stringify(value)),
    type: typeof type === "string" ? type : undefined,
  };
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

function problem(words: Words, rest: Partial<Problem>): Problem {
  const { title, explanation, retryable = false } = words;
  return { title, explanation, retryable, code: "", fields: {}, others: [], lost: false, ...rest };
}
