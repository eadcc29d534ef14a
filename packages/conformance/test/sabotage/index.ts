/** All saboteurs, by the case that each is made for. */
import { authSabotages } from "./auth.ts";
import { endpointSabotages } from "./endpoints.ts";
import { http2Sabotages } from "./http2.ts";
import { replySabotages } from "./reply.ts";
import { requestSabotages } from "./request.ts";
import { restSabotages } from "./rest.ts";
import type { Sabotages } from "./sabotage.ts";
import { targetSabotages } from "./target.ts";

export const sabotages: Sabotages = {
  ...targetSabotages,
  ...endpointSabotages,
  ...authSabotages,
  ...requestSabotages,
  ...replySabotages,
  ...restSabotages,
  ...http2Sabotages,
};
