/** A model that fails on order: `input.kind` names one of fal's documented error types. */
import type { Model } from "../model.ts";
import { check } from "../schema/check.ts";
import { choice, text } from "../schema/fields.ts";
import { object, required } from "../schema/schema.ts";
import { textOf } from "../schema/values.ts";
import { failed, invalid } from "./failure.ts";

interface Failure {
  /** @default 422 */
  status?: number;
  /** The field at fault; left out: the body as a whole. */
  field?: string;
  msg: string;
  ctx?: Record<string, unknown>;
}

const sizes = (edge: "min" | "max", pixels: number): Record<string, number> => ({
  [`${edge}_height`]: pixels,
  [`${edge}_width`]: pixels,
});
const media = (kind: "audio" | "video"): Record<string, Failure> => ({
  [`${kind}_duration_too_long`]: {
    field: `${kind}_url`,
    msg: `The ${kind} is too long`,
    ctx: { max_duration: 60, provided_duration: 75.2 },
  },
  [`${kind}_duration_too_short`]: {
    field: `${kind}_url`,
    msg: `The ${kind} is too short`,
    ctx: { min_duration: 2, provided_duration: 0.7 },
  },
});
const formats = (kind: string, supported: string[]): Failure => ({
  field: `${kind}_url`,
  msg: `Unsupported ${kind} format. Supported formats are ${supported.join(", ")}.`,
  ctx: { supported_formats: supported },
});

/** @see https://docs.fal.ai/errors */
const failures: Readonly<Record<string, Failure>> = {
  content_policy_violation: {
    field: "prompt",
    msg: "The content could not be processed because it was flagged by a content checker.",
    ctx: { extra_info: { reason: "partner_validation_failed" } },
  },
  internal_server_error: { status: 500, msg: "Internal server error" },
  generation_timeout: { status: 504, msg: "Generation timeout" },
  // Older documentation says 400.
  downstream_service_error: { status: 500, msg: "Downstream service error" },
  downstream_service_unavailable: { status: 500, msg: "Downstream service unavailable" },
  no_media_generated: { msg: "No media was generated. Try another prompt." },
  image_too_small: { field: "image_url", msg: "Image too small", ctx: sizes("min", 300) },
  image_too_large: { field: "image_url", msg: "Image too large", ctx: sizes("max", 4096) },
  image_load_error: { field: "image_url", msg: "Failed to load the image" },
  file_download_error: { field: "image_url", msg: "Failed to download the file" },
  face_detection_error: { field: "image_url", msg: "Could not detect a face in the image" },
  file_too_large: { field: "image_url", msg: "File too large", ctx: { max_size: 10_485_760 } },
  greater_than: { field: "scale", msg: "Input should be greater than 0", ctx: { gt: 0 } },
  greater_than_equal: {
    field: "scale",
    msg: "Input should be greater than or equal to 1",
    ctx: { ge: 1 },
  },
  less_than: { field: "scale", msg: "Input should be less than 10", ctx: { lt: 10 } },
  less_than_equal: {
    field: "scale",
    msg: "Input should be less than or equal to 9",
    ctx: { le: 9 },
  },
  multiple_of: {
    field: "width",
    msg: "Input should be a multiple of 8",
    ctx: { multiple_of: 8 },
  },
  sequence_too_short: { field: "images", msg: "Too few items", ctx: { min_length: 1 } },
  sequence_too_long: { field: "images", msg: "Too many items", ctx: { max_length: 4 } },
  one_of: {
    field: "resolution",
    msg: "Input should be '720p' or '1080p'",
    ctx: { expected: ["720p", "1080p"] },
  },
  feature_not_supported: { msg: "This combination of inputs is not supported" },
  invalid_archive: {
    field: "archive_url",
    msg: "Invalid archive",
    ctx: { supported_extensions: [".zip"] },
  },
  archive_file_count_below_minimum: {
    field: "archive_url",
    msg: "The archive holds too few files",
    ctx: { min_count: 4, provided_count: 1 },
  },
  archive_file_count_exceeds_maximum: {
    field: "archive_url",
    msg: "The archive holds too many files",
    ctx: { max_count: 100, provided_count: 120 },
  },
  ...media("audio"),
  ...media("video"),
  unsupported_audio_format: formats("audio", [".mp3", ".wav"]),
  unsupported_image_format: formats("image", [".png", ".jpg", ".webp"]),
  unsupported_video_format: formats("video", [".mp4", ".webm"]),
};

/** `"validation"` is no type of its own: it is what a missing field looks like. */
const kinds = ["validation", ...Object.keys(failures)];

const kind = choice(kinds, "content_policy_violation");
const anyInput = object("FailingInput", { kind });
const inputToMiss = object("FailingInput", { kind, prompt: required(text()) });

export const failing: Model = {
  id: "fal-ai/failing",
  title: "Fails as asked",
  price: { unitPrice: 0.01, unit: "requests" },
  async run(input, context) {
    const { values, issues } = check(
      input["kind"] === "validation" ? inputToMiss : anyInput,
      input,
    );
    if (issues.length > 0) return invalid(issues);
    const type = textOf(values, "kind");

    context.log("Starting", "INFO");
    await context.wait(300);
    const { status = 422, field, msg, ctx } = failures[type] ?? { msg: "Nothing is wrong" };
    context.log(msg, "ERROR");
    return failed(status, {
      loc: field === undefined ? ["body"] : ["body", field],
      msg,
      type,
      ...(ctx && { ctx }),
      input: field === undefined ? input : (input[field] ?? null),
    });
  },
};
