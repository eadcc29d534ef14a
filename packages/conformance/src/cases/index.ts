/** All cases, in the order of reports. */
import type { Case } from "../case.ts";
import { abortCases } from "./aborts.ts";
import { authCases } from "./auth.ts";
import { bodyCases } from "./bodies.ts";
import { corsCases } from "./cors.ts";
import { endpointCases } from "./endpoints.ts";
import { errorCases } from "./errors.ts";
import { http2Cases } from "./http2.ts";
import { limitCases } from "./limits.ts";
import { methodCases } from "./methods.ts";
import { ownershipCases } from "./ownership.ts";
import { packageCases } from "./package.ts";
import { queueCases } from "./queue.ts";
import { replyCases } from "./replies.ts";
import { replyHeaderCases } from "./reply-headers.ts";
import { replyOriginCases } from "./reply-origin.ts";
import { requestHeaderCases } from "./request-headers.ts";
import { smugglingCases } from "./smuggling.ts";
import { storageCases } from "./storage.ts";
import { streamingCases } from "./streaming.ts";
import { targetCases } from "./target.ts";
import { tokenCases } from "./tokens.ts";
import { unfitReplyCases } from "./unfit-replies.ts";
import { webhookCases } from "./webhooks.ts";

export const allCases: readonly Case[] = [
  ...targetCases,
  ...methodCases,
  ...endpointCases,
  ...authCases,
  ...requestHeaderCases,
  ...bodyCases,
  ...replyCases,
  ...replyHeaderCases,
  ...replyOriginCases,
  ...unfitReplyCases,
  ...streamingCases,
  ...abortCases,
  ...errorCases,
  ...limitCases,
  ...queueCases,
  ...storageCases,
  ...tokenCases,
  ...webhookCases,
  ...ownershipCases,
  ...corsCases,
  ...smugglingCases,
  ...http2Cases,
  ...packageCases,
];
