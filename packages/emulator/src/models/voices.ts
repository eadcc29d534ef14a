/** Text to speech: a WAV file, or the same bytes as a stream. */
import { setImmediate } from "node:timers/promises";
import { SPEECH_SAMPLE_RATE, speak, speechLength } from "../media/speech.ts";
import { pcm, wavHeader } from "../media/wav.ts";
import type { Model, ModelContext } from "../model.ts";
import { refusedStream } from "./failure.ts";
import { storeFile } from "./file.ts";
import { readInput, type InputReader } from "./input.ts";

interface Family {
  id: string;
  title: string;
  unitPrice: number;
  /** Name of the input that holds the text. */
  field: string;
  voices: readonly string[];
}

const families: readonly Family[] = [
  {
    id: "fal-ai/kokoro",
    title: "Kokoro",
    unitPrice: 0.02,
    field: "prompt",
    voices: ["af_heart", "af_bella", "af_nova", "am_adam", "am_echo", "am_puck"],
  },
  {
    id: "fal-ai/elevenlabs/tts/multilingual-v2",
    title: "ElevenLabs Multilingual v2",
    unitPrice: 0.1,
    field: "text",
    voices: ["Rachel", "Aria", "Roger", "Sarah", "Laura", "Charlie", "George"],
  },
];

const MOST_LETTERS = 5000;
const CONTENT_TYPE = "audio/wav";

interface Order {
  text: string;
  voice: string;
  speed: number;
}

function readOrder(family: Family, input: Record<string, unknown>): [Order, InputReader] {
  const read = readInput(input);
  const text = read.text(family.field, { minLength: 1, maxLength: MOST_LETTERS });
  const voice = read.choice("voice", family.voices, family.voices[0] as string);
  const speed = read.number("speed", { default: 1, min: 0.1, max: 5 });
  return [{ text, voice, speed }, read];
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

export const voiceModels: readonly Model[] = families.map((family) => ({
  id: family.id,
  title: family.title,
  price: { unitPrice: family.unitPrice, unit: "1000 characters" },
  async run(input, context) {
    const [order, read] = readOrder(family, input);
    const refusal = read.refusal();
    if (refusal !== undefined) return refusal;
    const pieces: Uint8Array[] = [];
    for await (const piece of pronounce(order, context)) pieces.push(piece);
    const audio = storeFile(context, Buffer.concat(pieces), CONTENT_TYPE, "output.wav");
    const billableUnits = String(Math.max(1, Math.floor(order.text.length / 1000)));
    return { body: { audio }, billableUnits };
  },
  stream(input, context) {
    const [order, read] = readOrder(family, input);
    const refusal = read.refusal();
    if (refusal !== undefined) return refusedStream(refusal);
    return { contentType: CONTENT_TYPE, chunks: pronounce(order, context) };
  },
}));
