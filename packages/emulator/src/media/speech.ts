/** A friendly babble from words: each letter becomes a sung vowel, a hiss or a click. One can hear the text's rhythm. */
import { createRandom, hash } from "./random.ts";

export const SPEECH_SAMPLE_RATE = 24_000;

/** The three resonances (Hz) that make a vowel. */
const VOWELS: Readonly<Record<string, readonly [number, number, number]>> = {
  a: [800, 1200, 2500],
  e: [480, 1900, 2550],
  i: [300, 2250, 3000],
  o: [480, 880, 2450],
  u: [330, 800, 2300],
  y: [290, 1850, 2250],
};
const HISSES = "sfzhcxvwjþßç";

interface Sound {
  kind: "vowel" | "hiss" | "click" | "hum" | "pause";
  seconds: number;
  formants: readonly [number, number, number];
}

/** How much voice and how much air a sound has. */
const LOUDNESS: Readonly<Record<Sound["kind"], readonly [number, number]>> = {
  vowel: [1, 0.02],
  hum: [0.5, 0],
  click: [0, 0.25],
  hiss: [0, 0.16],
  pause: [0, 0],
};

function soundOf(letter: string): Sound {
  const plain = letter.normalize("NFD").charAt(0).toLowerCase();
  const vowel = VOWELS[plain];
  if (vowel !== undefined) return { kind: "vowel", seconds: 0.105, formants: vowel };
  const formants = [250, 1100, 2300] as const;
  if (/[.!?。！？\n]/u.test(letter)) return { kind: "pause", seconds: 0.34, formants };
  if (/[,;:，、]/u.test(letter)) return { kind: "pause", seconds: 0.2, formants };
  if (/\s/u.test(letter)) return { kind: "pause", seconds: 0.075, formants };
  if (HISSES.includes(plain)) return { kind: "hiss", seconds: 0.07, formants };
  if ("bdgkpqt".includes(plain)) return { kind: "click", seconds: 0.05, formants };
  if ("lmnr".includes(plain)) return { kind: "hum", seconds: 0.06, formants };
  // Letters of other scripts: a vowel by chance, so that they sound too.
  const names = Object.values(VOWELS);
  const chosen = names[hash(letter) % names.length] ?? formants;
  return /[\p{L}\p{N}]/u.test(letter)
    ? { kind: "vowel", seconds: 0.13, formants: chosen }
    : { kind: "pause", seconds: 0.05, formants };
}

/** A resonance: a two-pole filter at `frequency` Hz. */
function resonator(bandwidth: number): (input: number, frequency: number) => number {
  let last = 0;
  let before = 0;
  const radius = Math.exp((-Math.PI * bandwidth) / SPEECH_SAMPLE_RATE);
  return (input, frequency) => {
    const turn = (2 * Math.PI * frequency) / SPEECH_SAMPLE_RATE;
    const output =
      (1 - radius) * input + 2 * radius * Math.cos(turn) * last - radius * radius * before;
    before = last;
    last = output;
    return output;
  };
}

/** Brings the resonances down to the loudness of a voice recording. */
const GAIN = 0.05;

/** What goes beyond a minute is not spoken: these bytes are held in memory. */
const LONGEST_SAMPLES = 60 * SPEECH_SAMPLE_RATE;

/** The text's sounds and their lengths in samples. */
function* soundsOf(text: string, speed: number): Generator<[Sound, number]> {
  let total = 0;
  for (const letter of text) {
    const sound = soundOf(letter);
    const length = Math.round((sound.seconds / speed) * SPEECH_SAMPLE_RATE);
    total += length;
    if (total > LONGEST_SAMPLES) return;
    yield [sound, length];
  }
}

/** How long `text` takes, in samples: known before any is made. */
export function speechLength(text: string, speed = 1): number {
  let samples = 0;
  for (const [, length] of soundsOf(text, speed)) samples += length;
  return samples;
}

/**
 * Speaks `text` sound by sound; together the pieces have `speechLength` samples.
 * @param voice its name decides pitch and colour
 */
export function* speak(text: string, voice: string, speed = 1): Generator<Float32Array> {
  const random = createRandom(hash(voice));
  const pitch = random.between(105, 230);
  const size = random.between(0.92, 1.14);
  const filters = [resonator(90), resonator(110), resonator(170)] as const;
  const noise = createRandom(hash(text));
  const formants = [500, 1500, 2500];
  const sounds = [...soundsOf(text, speed)];
  const asks = text.trimEnd().endsWith("?");
  let phase = 0;
  let level = 0;
  for (const [index, [sound, length]] of sounds.entries()) {
    const samples = new Float32Array(length);
    const place = index / sounds.length;
    const tune = 1.12 - 0.24 * place + (asks && place > 0.75 ? 0.5 * (place - 0.75) : 0);
    const lilt = 1 + 0.05 * Math.sin(index * 0.9);
    const [voiced, breath] = LOUDNESS[sound.kind];
    for (let at = 0; at < samples.length; at += 1) {
      const time = at / samples.length;
      phase = (phase + (pitch * tune * lilt) / SPEECH_SAMPLE_RATE) % 1;
      // Loudness and mouth move with some inertia: that is what makes it one voice.
      level += (voiced - level) * 0.004;
      const glottis = level * ((2 * phase - 1) * (1 - phase) + 1 / 6);
      const burst = sound.kind === "click" ? Math.exp(-time * 14) : 1;
      const air = breath * burst * (2 * noise() - 1);
      let value = air * 0.35;
      for (const [band, filter] of filters.entries()) {
        const target = (sound.formants[band] as number) * size;
        const now = (formants[band] as number) + (target - (formants[band] as number)) * 0.003;
        formants[band] = now;
        value += filter(glottis + air * 0.5, now) * (1.5 - band * 0.4) * 5;
      }
      samples[at] = value * GAIN;
    }
    yield samples;
  }
}
