/** Stands in for endpoints that are not in the table: the id's words tell the kind, and the kind the answer. */
import type { Model, ModelContext, ModelReply } from "../model.ts";
import type { Values } from "../schema/check.ts";
import { numberOf, textOf } from "../schema/values.ts";
import { type Endpoint, withAddress } from "./checked.ts";
import { askedSize, byRatio, enlarged, likeSource, type SizeRule } from "./image-size.ts";
import { type MeshRow, makeMesh, meshRows } from "./meshes.ts";
import { makeMusic, musicRows } from "./music.ts";
import { cutOut, diffusion, oneImage } from "./picture-answers.ts";
import { answerMessage, makePictures, type PictureRow } from "./pictures.ts";
import { growText, makeText, textRows } from "./texts.ts";
import { makeTranscript, transcriptRows } from "./transcripts.ts";
import { makeVideo, type VideoRow } from "./videos.ts";
import { makeSpeech, voiceRows } from "./voices.ts";

type Kind = Pick<Model, "stream" | "realtime"> & {
  category: string;
  run(id: string, values: Values, context: ModelContext): Promise<ModelReply>;
};

/** Nobody knows what an unlisted endpoint costs: one unit, and no price in the list. */
const priced = async (reply: Promise<ModelReply>): Promise<ModelReply> => {
  const made = await reply;
  return made.status === undefined ? { ...made, billableUnits: "1" } : made;
};

const endpoint = (id: string, category: string): Endpoint => ({
  id,
  title: id,
  category,
  price: { unitPrice: 0, unit: "units" },
  input: {},
});

/** A size or a ratio if one is asked for, else that of the source. */
const anySize: SizeRule = (question) =>
  askedSize(question.values) === undefined && textOf(question.values, "aspect_ratio") !== ""
    ? byRatio(question)
    : likeSource(question);

const pictures = (category: string, row: Omit<PictureRow, keyof Endpoint>): Kind => ({
  category,
  run: (id, values, context) =>
    makePictures({ ...endpoint(id, category), ...row }, values, context),
  ...(row.answer === diffusion && {
    realtime: (values: Values, context: ModelContext) => {
      const whole = { ...endpoint("", category), ...row };
      return answerMessage(whole, withAddress(values), context);
    },
  }),
});

const videos = (category: string): Kind => ({
  category,
  run: (id, values, context) => {
    const row: VideoRow = endpoint(id, category);
    return makeVideo(row, { ...values, duration: boundedDuration(values) }, context);
  },
});

/** Whatever form and length an endpoint has for it, a minute at most. */
function boundedDuration(values: Values): number {
  const asked = Number.parseFloat(String(values["duration"] ?? 5));
  return asked > 0 ? Math.min(60, asked) : 5;
}

/** A row of the table whose form is the usual one of its kind. */
function rowOf<Row extends { id: string }>(rows: readonly Row[], id: string): Row {
  return rows.find((row) => row.id === id) as Row;
}
const usualVoice = rowOf(voiceRows, "fal-ai/elevenlabs/tts/turbo-v2.5");
const usualMusic = rowOf(musicRows, "fal-ai/lyria2");
const usualTranscript = rowOf(transcriptRows, "fal-ai/whisper");
const usualText = rowOf(textRows, "fal-ai/any-llm");
const usualMesh: MeshRow = rowOf(meshRows, "fal-ai/hunyuan3d/v2");

const kinds: Record<string, Kind> = {
  "speech-to-text": {
    category: "speech-to-text",
    run: (_, values, context) => makeTranscript(usualTranscript, values, context),
  },
  "text-to-speech": {
    category: "text-to-speech",
    run: (_, values, context) => {
      const named = ["text", "prompt", "input", "gen_text"].map((name) => textOf(values, name));
      const text = named.find((value) => value !== "") ?? "";
      return makeSpeech(usualVoice, { ...values, text }, context);
    },
  },
  "text-to-audio": {
    category: "text-to-audio",
    run: (_, values, context) => {
      const seconds = Math.min(60, numberOf(values, "seconds_total", boundedDuration(values)));
      return makeMusic({ ...usualMusic, seconds: () => seconds }, values, context);
    },
  },
  llm: {
    category: "llm",
    run: (_, values, context) => makeText(usualText, values, context),
    stream: (values, context) => ({
      contentType: "text/event-stream",
      chunks: growText(usualText, values, context),
    }),
  },
  "image-to-3d": {
    category: "image-to-3d",
    run: (_, values, context) => makeMesh(usualMesh, values, context),
  },
  "text-to-video": videos("text-to-video"),
  "image-to-video": videos("image-to-video"),
  upscale: pictures("image-to-image", {
    size: enlarged("upscale_factor", 2),
    answer: oneImage,
    format: "png",
  }),
  cutOut: pictures("image-to-image", { size: likeSource, answer: cutOut, cutOut: true }),
  "image-to-image": pictures("image-to-image", { size: anySize, answer: diffusion }),
  "text-to-image": pictures("text-to-image", { size: anySize, answer: diffusion }),
};

/** The first whose words are in the id decides: what is made counts before what it is made from. */
const clues: ReadonlyArray<[kind: string, words: RegExp]> = [
  ["speech-to-text", /speech-to-text|\bstt\b|whisper|wizper|transcri|scribe|audio-to-text|\basr\b/],
  ["image-to-3d", /3d\b|\bmesh|trellis|triposr|rodin|tripo\b|hunyuan-?3d/],
  ["image-to-video", /image-to-video|\bi2v\b|img2vid|reference-to-video|lipsync|avatar/],
  [
    "text-to-video",
    /video|\bt2v\b|\bveo|kling|hailuo|seedance|\bwan\b|\bltxv?\b|sora|pixverse|luma-dream|\bray-2/,
  ],
  ["text-to-speech", /\btts\b|text-to-speech|speech|voice|kokoro|dialog|dubbing/],
  ["text-to-audio", /music|audio|sound|song|lyria|sfx|ace-step|diffrhythm|beat/],
  ["upscale", /upscal|super-resolution|esrgan|aura-sr|\bccsr\b|topaz|enhance/],
  ["cutOut", /rembg|birefnet|background\/remove|remove-background|background-removal|matting/],
  ["llm", /\bllms?\b|\bvlm\b|chat|openrouter|vision|llava|moondream|caption|\bgpt-(oss|4|5)\b/],
  ["image-to-image", /image-to-image|\bi2i\b|edit|inpaint|outpaint|kontext|remix|reframe|redux/],
];

const WELL_FORMED = /^(?:[a-z0-9][\w.-]*\/)+[a-z0-9][\w.-]*$/i;

/** A model for any id of the form `owner/app[/path…]`; undefined for anything else. */
export function genericModel(id: string): Model | undefined {
  // `{id}/stream` and `{id}/realtime` are ways to call an endpoint, not endpoints.
  if (!WELL_FORMED.test(id) || /\/(stream|realtime)$/.test(id)) return undefined;
  const name = id.toLowerCase();
  const clue = clues.find(([, words]) => words.test(name))?.[0] ?? "text-to-image";
  const kind = kinds[clue]!;
  return {
    id,
    title: id,
    category: kind.category,
    run: (values, context) => priced(kind.run(id, values, context)),
    ...(kind.stream && { stream: kind.stream }),
    ...(kind.realtime && { realtime: kind.realtime }),
  };
}
