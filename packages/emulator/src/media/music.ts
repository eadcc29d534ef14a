/** Calm music from words: slow chords of a pentatonic scale, plucked notes above them, an echo. */
import { setImmediate } from "node:timers/promises";
import { createRandom, hash, type Random } from "./random.ts";

export const MUSIC_SAMPLE_RATE = 22_050;

const SCALE = [0, 2, 4, 7, 9];
const CHORDS = [
  [0, 2, 4],
  [1, 3, 5],
  [3, 5, 7],
  [-1, 1, 3],
];

interface Voice {
  /** Adds a note to `samples`. Times in seconds. */
  (samples: Float32Array, start: number, length: number, frequency: number, loudness: number): void;
}

const write = (
  samples: Float32Array,
  start: number,
  length: number,
  wave: (time: number) => number,
): void => {
  const from = Math.round(start * MUSIC_SAMPLE_RATE);
  const to = Math.min(samples.length, from + Math.round(length * MUSIC_SAMPLE_RATE));
  for (let at = from; at < to; at += 1) {
    samples[at] = (samples[at] as number) + wave((at - from) / MUSIC_SAMPLE_RATE);
  }
};

/** Two sines a little apart, swelling and fading. */
const pad: Voice = (samples, start, length, frequency, loudness) => {
  const turn = 2 * Math.PI * frequency;
  write(samples, start, length, (time) => {
    const swell = Math.sin((Math.PI * time) / length);
    const body = Math.sin(turn * time) + 0.7 * Math.sin(turn * 1.004 * time);
    return loudness * swell * (body + 0.2 * Math.sin(2 * turn * time));
  });
};

/** A struck bar: overtones that die faster the higher they are. */
const pluck: Voice = (samples, start, length, frequency, loudness) => {
  const turn = 2 * Math.PI * frequency;
  write(samples, start, length, (time) => {
    const attack = Math.min(1, time * 400);
    const tone =
      Math.sin(turn * time) * Math.exp(-3.2 * time) +
      0.45 * Math.sin(2.76 * turn * time) * Math.exp(-9 * time) +
      0.2 * Math.sin(5.4 * turn * time) * Math.exp(-18 * time);
    return loudness * attack * tone;
  });
};

function frequencyOf(root: number, degree: number): number {
  const octave = Math.floor(degree / SCALE.length);
  const step = SCALE[degree - octave * SCALE.length] as number;
  return root * 2 ** (octave + step / 12);
}

function echo(samples: Float32Array, delay: number, share: number): void {
  const distance = Math.round(delay * MUSIC_SAMPLE_RATE);
  for (let at = distance; at < samples.length; at += 1) {
    samples[at] = (samples[at] as number) + share * (samples[at - distance] as number);
  }
}

async function melody(
  random: Random,
  samples: Float32Array,
  root: number,
  bar: number,
): Promise<void> {
  let degree = 5;
  for (let beat = 0; beat * (bar / 8) < samples.length / MUSIC_SAMPLE_RATE; beat += 1) {
    if (beat % 8 === 0) await setImmediate();
    if (random() < (beat % 2 === 0 ? 0.75 : 0.35)) {
      degree = Math.max(3, Math.min(12, degree + random.pick([-2, -1, -1, 1, 1, 2])));
      pluck(samples, beat * (bar / 8), 1.6, frequencyOf(root, degree), random.between(0.1, 0.2));
    }
  }
}

/** `seconds` of music for a prompt and seed, faded out at the end. Other work goes on between bars. */
export async function compose(
  prompt: string,
  seed: number,
  seconds: number,
): Promise<Float32Array> {
  const random = createRandom(hash(`${seed}\n${prompt}`));
  const samples = new Float32Array(Math.round(seconds * MUSIC_SAMPLE_RATE));
  const root = random.pick([146.8, 164.8, 174.6, 196, 220]);
  const bar = random.between(2.6, 3.8);
  for (let start = 0; start < seconds; start += bar) {
    await setImmediate();
    for (const degree of random.pick(CHORDS)) {
      pad(samples, start, bar * 1.3, frequencyOf(root / 2, degree), 0.09);
    }
  }
  await melody(random, samples, root, bar);
  echo(samples, bar / 5.33, 0.32);
  const fade = Math.min(samples.length, MUSIC_SAMPLE_RATE);
  for (let left = 0; left < fade; left += 1) {
    const at = samples.length - 1 - left;
    samples[at] = ((samples[at] as number) * left) / fade;
  }
  return samples;
}
