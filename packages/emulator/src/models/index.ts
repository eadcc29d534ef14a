/** The table of models that an emulator serves unless it is told otherwise. */
import type { Model } from "../model.ts";

export const defaultModels: readonly Model[] = [];
