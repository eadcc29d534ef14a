/** The table of models that an emulator serves unless it is told otherwise. */
import type { Model } from "../model.ts";
import { faceModels } from "./faces.ts";
import { failing } from "./failing.ts";
import { imageToImageModels } from "./image-to-image.ts";
import { imageToolModels } from "./image-tools.ts";
import { meshModels } from "./meshes.ts";
import { musicModels } from "./music.ts";
import { slow } from "./slow.ts";
import { textModels } from "./texts.ts";
import { textToImageModels } from "./text-to-image.ts";
import { transcriptModels } from "./transcripts.ts";
import { videoModels } from "./videos.ts";
import { voiceModels } from "./voices.ts";
import { comfy, illustrate } from "./workflows.ts";

/** Endpoints of fal, each with its input and output as fal documents them. */
export const falModels: readonly Model[] = [
  ...textToImageModels,
  ...imageToImageModels,
  ...faceModels,
  ...imageToolModels,
  ...videoModels,
  ...voiceModels,
  ...transcriptModels,
  ...musicModels,
  ...textModels,
  ...meshModels,
];

export const defaultModels: readonly Model[] = [...falModels, illustrate, comfy, slow, failing];
