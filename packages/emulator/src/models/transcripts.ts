/** Speech to text: invented words, as many as fit into the length of the audio. */
import { createRandom, hash } from "../media/random.ts";
import { wavSeconds } from "../media/wav.ts";
import type { Model, ModelContext, ModelReply } from "../model.ts";
import type { Values } from "../schema/check.ts";
import { choice, flag, integer, list, number, text } from "../schema/fields.ts";
import { type Fields, object, required } from "../schema/schema.ts";
import { flagOf, textOf } from "../schema/values.ts";
import { checkedModel, type Endpoint } from "./checked.ts";
import { file } from "./common-fields.ts";
import { work } from "./progress.ts";
import { loadSources } from "./sources.ts";
import { languages } from "./words.ts";

/** A stretch of speech. Times in seconds. */
interface Segment {
  start: number;
  end: number;
  text: string;
  speaker: string;
}

/** What was heard. */
export interface Hearing {
  segments: Segment[];
  text: string;
  seconds: number;
}

export interface TranscriptRow extends Endpoint {
  output: Fields;
  body(hearing: Hearing, values: Values): unknown;
  /** Billed units for so many seconds of audio. */
  units(seconds: number, values: Values): string;
  /** Serves `/stream`: the text so far, a segment more each time. */
  streams?: true;
}

const sentences = [
  "Good morning, everybody, and thank you for coming.",
  "Let us begin with what changed since last week.",
  "The numbers look better than we had feared.",
  "I would like to hear what you think of it.",
  "That is a fair point, and it is in the notes.",
  "Could you say that again, a little slower?",
  "We agreed to try it for a month.",
  "There is one more thing before we close.",
];

/** Seconds that a sentence takes. */
const SENTENCE_SECONDS = 3;
/** Taken for audio elsewhere, or in a format whose length is not read. */
const ASSUMED_SECONDS = 12;

function hear(url: string, bytes: Uint8Array | undefined): Hearing {
  const seconds = (bytes && wavSeconds(bytes)) ?? ASSUMED_SECONDS;
  const random = createRandom(hash(url));
  const segments: Segment[] = [];
  for (let start = 0; start < seconds; start += SENTENCE_SECONDS) {
    segments.push({
      start,
      end: Math.min(seconds, start + SENTENCE_SECONDS),
      text: random.pick(sentences),
      speaker: `SPEAKER_0${random() < 0.6 ? 0 : 1}`,
    });
  }
  return { segments, text: segments.map((segment) => segment.text).join(" "), seconds };
}

/** Each word of a segment, with its share of the time. */
function wordsOf({ start, end, text: spoken, speaker }: Segment): Segment[] {
  const words = spoken.split(" ");
  const length = (end - start) / words.length;
  return words.map((word, index) => ({
    start: start + index * length,
    end: start + (index + 1) * length,
    text: word,
    speaker,
  }));
}

async function listen(
  values: Values,
  context: ModelContext,
): Promise<{ hearing: Hearing } | { failure: ModelReply }> {
  const loaded = await loadSources(values, context);
  if ("failure" in loaded) return loaded;
  const [source] = loaded.sources;
  return { hearing: hear(source?.url ?? "", source?.bytes) };
}

export async function makeTranscript(
  row: TranscriptRow,
  values: Values,
  context: ModelContext,
): Promise<ModelReply> {
  const heard = await listen(values, context);
  if ("failure" in heard) return heard.failure;
  await work(context, 10, 100);
  const { hearing } = heard;
  return { body: row.body(hearing, values), billableUnits: row.units(hearing.seconds, values) };
}

async function* dictate(values: Values, context: ModelContext): AsyncGenerator<unknown> {
  const heard = await listen(values, context);
  // Too late for a status: fal's streams tell of it in an event.
  if ("failure" in heard) return yield heard.failure.body;
  let output = "";
  for (const segment of heard.hearing.segments) {
    await context.wait(250);
    output = output === "" ? segment.text : `${output} ${segment.text}`;
    yield { output, partial: true };
  }
  yield { output, partial: false };
}

const audioUrl = required(file);
const task = choice(["transcribe", "translate"], "transcribe");
const timestamp = required(list(number(), undefined));
const chunk = object("WhisperChunk", { timestamp, text: required(text()), speaker: text() });
const diarized = object("DiarizationSegment", { timestamp, speaker: required(text()) });
const language = choice(languages);

/** Simulated: a second of work for twenty seconds of audio. */
const computeSeconds = (seconds: number, values: Values): string =>
  ((seconds / 20) * (flagOf(values, "diarize", false) ? 2 : 1)).toFixed(8);

export function whisperBody({ segments, text: whole }: Hearing, values: Values): unknown {
  const level = textOf(values, "chunk_level", "segment");
  const diarize = flagOf(values, "diarize", false);
  const parts = level === "word" ? segments.flatMap(wordsOf) : segments;
  const chunks = parts.map(({ start, end, text: said, speaker }) => ({
    timestamp: [start, end],
    text: said,
    ...(diarize && { speaker }),
  }));
  return {
    text: whole,
    chunks: level === "none" ? [] : chunks,
    inferred_languages: [textOf(values, "language", "en")],
    diarization_segments: diarize
      ? segments.map(({ start, end, speaker }) => ({ timestamp: [start, end], speaker }))
      : [],
  };
}

const canaryFields: Fields = { audio_url: audioUrl, use_pnc: flag(true) };
const canary: Pick<TranscriptRow, "input" | "output" | "body" | "units" | "streams"> = {
  input: canaryFields,
  output: { output: required(text()), partial: flag(false) },
  body: (hearing) => ({ output: hearing.text, partial: false }),
  units: String,
  streams: true,
};

export const transcriptRows: readonly TranscriptRow[] = [
  {
    id: "fal-ai/whisper",
    title: "Whisper",
    category: "speech-to-text",
    price: { unitPrice: 0.0008, unit: "compute seconds" },
    input: {
      audio_url: audioUrl,
      task,
      language,
      diarize: flag(false),
      chunk_level: choice(["none", "segment", "word"], "segment"),
      version: choice(["3"], "3"),
      batch_size: integer({ minimum: 1, maximum: 64, default: 64 }),
      prompt: text({ default: "" }),
      num_speakers: integer({ minimum: 1 }),
    },
    output: {
      text: required(text()),
      chunks: list(chunk),
      inferred_languages: required(list(language)),
      diarization_segments: required(list(diarized)),
    },
    body: whisperBody,
    units: computeSeconds,
  },
  {
    id: "fal-ai/wizper",
    title: "Wizper",
    category: "speech-to-text",
    price: { unitPrice: 0.00111, unit: "compute seconds" },
    input: {
      audio_url: audioUrl,
      task,
      language: { ...choice(languages, "en"), nullable: true },
      chunk_level: choice(["segment"], "segment"),
      max_segment_len: integer({ minimum: 10, maximum: 29, default: 29 }),
      merge_chunks: flag(true),
      version: choice(["3"], "3"),
    },
    output: {
      text: required(text()),
      chunks: required(list(chunk)),
      languages: required(list(language)),
    },
    body: ({ segments, text: whole }, values) => ({
      text: whole,
      chunks: segments.map(({ start, end, text: said }) => ({
        timestamp: [start, end],
        text: said,
      })),
      languages: [textOf(values, "language", "en")],
    }),
    units: computeSeconds,
  },
  {
    id: "fal-ai/speech-to-text",
    title: "Speech to Text",
    category: "speech-to-text",
    price: { unitPrice: 0.0008, unit: "seconds" },
    ...canary,
  },
  {
    id: "fal-ai/speech-to-text/turbo",
    title: "Speech to Text, turbo",
    category: "speech-to-text",
    price: { unitPrice: 0.0008, unit: "seconds" },
    ...canary,
  },
  {
    id: "fal-ai/elevenlabs/speech-to-text",
    title: "ElevenLabs Scribe",
    category: "speech-to-text",
    price: { unitPrice: 0.03, unit: "minutes" },
    input: {
      audio_url: audioUrl,
      language_code: text({ example: "eng" }),
      tag_audio_events: flag(true),
      diarize: flag(true),
    },
    output: {
      text: required(text()),
      language_code: required(text()),
      language_probability: required(number()),
      words: required(
        list(
          object("TranscriptionWord", {
            text: required(text()),
            type: required(text()),
            start: number(),
            end: number(),
            speaker_id: text(),
          }),
        ),
      ),
    },
    body: ({ segments, text: whole }, values) => ({
      text: whole,
      language_code: textOf(values, "language_code", "eng"),
      language_probability: 1,
      words: segments.flatMap(wordsOf).map(({ text: word, start, end, speaker }) => ({
        text: word,
        start,
        end,
        type: "word",
        speaker_id: speaker.toLowerCase(),
      })),
    }),
    // Less than a minute is billed as one.
    units: (seconds) => Math.max(1, seconds / 60).toFixed(8),
  },
];

export const transcriptModels: readonly Model[] = transcriptRows.map((row) =>
  checkedModel(row, {
    output: row.output,
    run: (values, context) => makeTranscript(row, values, context),
    ...(row.streams && {
      stream: (values: Values, context: ModelContext) => ({
        contentType: "text/event-stream",
        chunks: dictate(values, context),
      }),
    }),
  }),
);
