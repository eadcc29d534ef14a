/** Text to speech: a WAV file, or the same bytes as a stream. */
import { setImmediate } from "node:timers/promises";
import { SPEECH_SAMPLE_RATE, speak, speechLength } from "../media/speech.ts";
import { pcm, wavHeader } from "../media/wav.ts";
import type { Model, ModelContext, ModelReply } from "../model.ts";
import type { Values } from "../schema/check.ts";
import { choice, either, flag, integer, list, number, text } from "../schema/fields.ts";
import { type Field, type Fields, object, required } from "../schema/schema.ts";
import { numberOf, textOf } from "../schema/values.ts";
import { checkedModel, type Endpoint } from "./checked.ts";
import { asFile, AudioFile, File, type ResultFile, storeFile } from "./results.ts";
import { kokoroVoices, minimaxLanguages } from "./words.ts";

export interface VoiceRow extends Endpoint {
  /** Name of the input that holds the text. */
  field: string;
  output: Fields;
  /** @default `{audio}`, the file alone */
  body?(audio: ResultFile, seconds: number): unknown;
}

const CONTENT_TYPE = "audio/wav";

interface Order {
  text: string;
  voice: string;
  speed: number;
}

function orderOf(row: VoiceRow, values: Values): Order {
  const setting = (values["voice_setting"] ?? {}) as Values;
  return {
    text: textOf(values, row.field),
    voice: textOf(values, "voice", textOf(setting, "voice_id", "nobody")),
    speed: Math.max(0.1, numberOf(values, "speed", numberOf(setting, "speed", 1))),
  };
}

/** The file, piece by piece: header first, then about a word at a time. */
async function* pronounce(order: Order, context: ModelContext): AsyncGenerator<Uint8Array> {
  yield wavHeader(speechLength(order.text, order.speed), SPEECH_SAMPLE_RATE);
  let pieces: Uint8Array[] = [];
  for (const samples of speak(order.text, order.voice, order.speed)) {
    pieces.push(pcm(samples));
    if (pieces.length < 8) continue;
    await context.wait(40);
    await setImmediate();
    yield Buffer.concat(pieces);
    pieces = [];
  }
  yield Buffer.concat(pieces);
}

export async function makeSpeech(
  row: VoiceRow,
  values: Values,
  context: ModelContext,
): Promise<ModelReply> {
  const order = orderOf(row, values);
  const pieces: Uint8Array[] = [];
  for await (const piece of pronounce(order, context)) pieces.push(piece);
  const audio = storeFile(context, Buffer.concat(pieces), CONTENT_TYPE, "output.wav");
  const seconds = speechLength(order.text, order.speed) / SPEECH_SAMPLE_RATE;
  const billableUnits =
    row.price.unit === "minutes"
      ? (seconds / 60).toFixed(8)
      : String(Math.max(1, Math.floor(order.text.length / 1000)));
  const body = row.body?.(audio, seconds) ?? { audio: asFile(audio) };
  return { body, billableUnits };
}

const share = (fallback: number): Field => number({ minimum: 0, maximum: 1, default: fallback });

const elevenLabsFields: Fields = {
  text: required(text({ minLength: 1 })),
  voice: text({ default: "Rachel" }),
  stability: share(0.5),
  similarity_boost: share(0.75),
  style: share(0),
  speed: number({ minimum: 0.7, maximum: 1.2, default: 1 }),
  timestamps: flag(false),
  previous_text: text(),
  next_text: text(),
  language_code: text(),
  apply_text_normalization: choice(["auto", "on", "off"], "auto"),
};

const kokoroFields: Fields = {
  prompt: text({ default: "" }),
  voice: choice(kokoroVoices, "af_heart"),
  speed: number({ minimum: 0.1, maximum: 5, default: 1 }),
};

const audioOnly: Fields = { audio: required(File) };

const voiceSetting = object("VoiceSetting", {
  voice_id: text({ default: "Wise_Woman" }),
  speed: number({ minimum: 0.5, maximum: 2, default: 1 }),
  vol: number({ minimum: 0, maximum: 10, default: 1 }),
  pitch: integer({ minimum: -12, maximum: 12, default: 0 }),
  emotion: choice(["happy", "sad", "angry", "fearful", "disgusted", "surprised", "neutral"]),
  english_normalization: flag(false),
});
const audioSetting = object("AudioSetting", {
  sample_rate: choice([8000, 16_000, 22_050, 24_000, 32_000, 44_100], 32_000),
  bitrate: choice([32_000, 64_000, 128_000, 256_000], 128_000),
  format: choice(["mp3", "pcm", "flac"], "mp3"),
  channel: choice([1, 2], 1),
});

export const voiceRows: readonly VoiceRow[] = [
  {
    id: "fal-ai/kokoro",
    title: "Kokoro",
    category: "text-to-speech",
    price: { unitPrice: 0.02, unit: "1000 characters" },
    field: "prompt",
    input: kokoroFields,
    output: audioOnly,
  },
  {
    id: "fal-ai/kokoro/american-english",
    title: "Kokoro, American English",
    category: "text-to-audio",
    price: { unitPrice: 0.02, unit: "1000 characters" },
    field: "prompt",
    input: kokoroFields,
    output: audioOnly,
  },
  {
    id: "fal-ai/elevenlabs/tts/multilingual-v2",
    title: "ElevenLabs Multilingual v2",
    category: "text-to-audio",
    price: { unitPrice: 0.1, unit: "1000 characters" },
    field: "text",
    input: elevenLabsFields,
    output: audioOnly,
  },
  {
    id: "fal-ai/elevenlabs/tts/turbo-v2.5",
    title: "ElevenLabs Turbo v2.5",
    category: "text-to-speech",
    price: { unitPrice: 0.05, unit: "1000 characters" },
    field: "text",
    input: elevenLabsFields,
    output: audioOnly,
  },
  {
    id: "fal-ai/playai/tts/v3",
    title: "PlayAI TTS v3",
    category: "text-to-speech",
    price: { unitPrice: 0.03, unit: "minutes" },
    field: "input",
    input: {
      input: required(text({ minLength: 1 })),
      voice: required(text({ example: "Jennifer (English (US)/American)" })),
      response_format: choice(["url", "bytes"], "url"),
      seed: integer({ minimum: 0 }),
    },
    output: { audio: required(AudioFile) },
    body: (audio, duration) => ({ audio: { ...audio, duration } }),
  },
  {
    id: "fal-ai/minimax/speech-02-hd",
    title: "MiniMax Speech-02 HD",
    category: "text-to-speech",
    price: { unitPrice: 0.1, unit: "1000 characters" },
    field: "text",
    input: {
      text: required(text({ minLength: 1, maxLength: 5000 })),
      voice_setting: either([voiceSetting]),
      audio_setting: either([audioSetting]),
      language_boost: choice(minimaxLanguages),
      output_format: choice(["url", "hex"], "hex"),
      pronunciation_dict: object("PronunciationDict", { tone_list: list(text()) }),
    },
    output: { audio: required(File), duration_ms: required(integer()) },
    body: (audio, seconds) => ({
      audio: asFile(audio),
      duration_ms: Math.round(seconds * 1000),
    }),
  },
];

export const voiceModels: readonly Model[] = voiceRows.map((row) =>
  checkedModel(row, {
    output: row.output,
    run: (values, context) => makeSpeech(row, values, context),
    stream: (values, context) => ({
      contentType: CONTENT_TYPE,
      chunks: pronounce(orderOf(row, values), context),
    }),
  }),
);
