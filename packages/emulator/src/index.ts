/** What `fal-emulator` exports: a local fal to test against, and what is needed to give it models of one's own. */
export { createEmulator, type Emulator, type EmulatorOptions } from "./emulator.ts";
export type { Charge } from "./billing.ts";
export { createRecorder, type RecorderOptions } from "./cassettes/record.ts";
export { createPlayer, type PlayerOptions } from "./cassettes/replay.ts";
export type { CassetteServer } from "./cassettes/serve.ts";
export type { RecordedRequest } from "./record.ts";
export type { ScriptRule } from "./script.ts";
export type { LogLevel, Model, ModelContext, ModelReply } from "./model.ts";
export { defaultModels } from "./models/index.ts";
export type { Schema } from "./schema/schema.ts";
export type { WebhookEvent, WebhookOptions } from "./webhooks.ts";
