/** The table of models that an emulator serves unless it is told otherwise. */
import type { Model } from "../model.ts";
import { anyLlm } from "./any-llm.ts";
import { failing } from "./failing.ts";
import { fastLcmDiffusion } from "./fast-lcm.ts";
import { imageModels } from "./images.ts";
import { stableAudio } from "./music.ts";
import { slow } from "./slow.ts";
import { videoModels } from "./videos.ts";
import { voiceModels } from "./voices.ts";
import { comfy, illustrate } from "./workflows.ts";

export const defaultModels: readonly Model[] = [
  ...imageModels,
  fastLcmDiffusion,
  ...videoModels,
  ...voiceModels,
  stableAudio,
  anyLlm,
  illustrate,
  comfy,
  slow,
  failing,
];
