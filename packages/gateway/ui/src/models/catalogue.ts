/** The models that the page knows by name. Any other endpoint id can be typed in. */
import { IMAGE_SIZES, ratioShapes } from "./image-size.ts";
import type { Field, Model } from "./model.ts";

const text = (name: string, label: string, placeholder: string): Field => ({
  kind: "text",
  name,
  label,
  rows: 4,
  placeholder,
  required: true,
});
const prompt = (placeholder: string): Field => text("prompt", "Prompt", placeholder);

const size = (initial: string): Field => ({
  kind: "shape",
  name: "image_size",
  label: "Size",
  shapes: IMAGE_SIZES,
  initial,
});
const ratio = (...ratios: string[]): Field => ({
  kind: "shape",
  name: "aspect_ratio",
  label: "Shape",
  shapes: ratioShapes(...ratios),
  initial: ratios[0] as string,
});
const count: Field = {
  kind: "number",
  name: "num_images",
  label: "Pictures",
  min: 1,
  max: 4,
  step: 1,
  initial: 1,
};
const seed: Field = { kind: "seed", name: "seed", label: "Seed" };
const picture: Field = {
  kind: "file",
  name: "image_url",
  label: "Picture",
  accept: "image/*",
  required: true,
};
const seconds = (...values: string[]): Field => ({
  kind: "choice",
  name: "duration",
  label: "Length",
  options: values.map((value) => ({ value, label: `${value.replace(/s$/, "")} s` })),
  initial: values[0] as string,
});
const voice = (...names: string[]): Field => ({
  kind: "choice",
  name: "voice",
  label: "Voice",
  options: names.map((value) => ({ value, label: spokenName(value) })),
  initial: names[0] as string,
});

/** `af_heart` is Heart. */
function spokenName(id: string): string {
  const name = id.replace(/^[a-z]{2}_/, "");
  return name.charAt(0).toUpperCase() + name.slice(1);
}

const SCENES = [
  "A lighthouse at dusk, long exposure, mist over the sea",
  "Dunes under the milky way, one lit tent",
  "Folds of red silk, studio light",
];
const MOTIONS = [
  "A paper boat drifts down a rainy street, close to the ground",
  "Slow dolly through a greenhouse at dawn, dust in the light",
];
const LINES = [
  "The last train leaves at midnight. Mind the gap, and mind the fog.",
  "Good evening. This is a test of a very small loudspeaker.",
];

export const CATALOGUE: readonly Model[] = [
  {
    id: "fal-ai/flux/schnell",
    title: "FLUX.1 schnell",
    group: "Image",
    note: "A picture in a second or two",
    call: "queue",
    fields: [prompt("What should the picture show?"), size("landscape_4_3"), count, seed],
    examples: SCENES,
  },
  {
    id: "fal-ai/flux/dev",
    title: "FLUX.1 dev",
    group: "Image",
    note: "Finer, in more steps",
    call: "queue",
    fields: [
      prompt("What should the picture show?"),
      size("landscape_4_3"),
      count,
      seed,
      {
        kind: "number",
        name: "num_inference_steps",
        label: "Steps",
        min: 1,
        max: 50,
        step: 1,
        initial: 28,
      },
      {
        kind: "number",
        name: "guidance_scale",
        label: "Guidance",
        min: 1,
        max: 20,
        step: 0.5,
        initial: 3.5,
      },
    ],
    examples: SCENES,
  },
  {
    id: "fal-ai/flux/dev/image-to-image",
    title: "FLUX.1 dev, from a picture",
    group: "Image",
    note: "Image to image",
    call: "queue",
    fields: [
      picture,
      prompt("What should become of the picture?"),
      {
        kind: "number",
        name: "strength",
        label: "Change",
        min: 0.01,
        max: 1,
        step: 0.01,
        initial: 0.95,
        help: "1 ignores the picture.",
      },
      seed,
    ],
    examples: ["The same place under deep snow", "As a woodcut print in two colours"],
  },
  {
    id: "fal-ai/fast-sdxl",
    title: "Stable Diffusion XL",
    group: "Image",
    note: "The classic, fast",
    call: "queue",
    fields: [
      prompt("What should the picture show?"),
      {
        kind: "text",
        name: "negative_prompt",
        label: "Leave out",
        rows: 1,
        placeholder: "What it should not show",
      },
      size("square_hd"),
      count,
      seed,
    ],
    examples: SCENES,
  },
  {
    id: "fal-ai/fast-lcm-diffusion",
    title: "Latent consistency",
    group: "Image",
    note: "A sketch at once",
    call: "queue",
    fields: [prompt("What should the picture show?"), size("square_hd"), seed],
    examples: SCENES,
  },
  {
    id: "fal-ai/nano-banana",
    title: "Nano Banana",
    group: "Image",
    note: "Follows long instructions",
    call: "queue",
    fields: [
      prompt("What should the picture show?"),
      ratio("1:1", "4:3", "16:9", "21:9", "3:4", "9:16"),
      count,
    ],
    examples: SCENES,
  },
  {
    id: "fal-ai/kling-video/v2.1/standard/text-to-video",
    title: "Kling 2.1",
    group: "Video",
    note: "A clip from words",
    call: "queue",
    fields: [prompt("What happens in the clip?"), ratio("16:9", "1:1", "9:16"), seconds("5", "10")],
    examples: MOTIONS,
  },
  {
    id: "fal-ai/kling-video/v2.1/standard/image-to-video",
    title: "Kling 2.1, from a picture",
    group: "Video",
    note: "Image to video",
    call: "queue",
    fields: [picture, prompt("How should it move?"), seconds("5", "10")],
    examples: ["The camera pulls back slowly, leaves stir in the wind"],
  },
  {
    id: "fal-ai/veo3/fast",
    title: "Veo 3 fast",
    group: "Video",
    note: "A clip with sound",
    call: "queue",
    fields: [
      prompt("What happens in the clip, and what is heard?"),
      ratio("16:9", "9:16"),
      seconds("8s", "6s", "4s"),
      { kind: "toggle", name: "generate_audio", label: "With sound", initial: true },
    ],
    examples: MOTIONS,
  },
  {
    id: "fal-ai/kokoro",
    title: "Kokoro",
    group: "Audio",
    note: "Speech, small and quick",
    call: "queue",
    fields: [
      prompt("What should be said?"),
      voice("af_heart", "af_bella", "af_nova", "am_adam", "am_echo"),
      {
        kind: "number",
        name: "speed",
        label: "Speed",
        min: 0.5,
        max: 2,
        step: 0.1,
        initial: 1,
      },
    ],
    examples: LINES,
  },
  {
    id: "fal-ai/elevenlabs/tts/multilingual-v2",
    title: "ElevenLabs multilingual",
    group: "Audio",
    note: "Speech in many languages",
    call: "queue",
    fields: [
      text("text", "Text", "What should be said?"),
      voice("Rachel", "Aria", "Roger", "Sarah", "Charlie", "George"),
    ],
    examples: LINES,
  },
  {
    id: "fal-ai/stable-audio",
    title: "Stable Audio",
    group: "Audio",
    note: "Sounds and short music",
    call: "queue",
    fields: [
      prompt("What should be heard?"),
      {
        kind: "number",
        name: "seconds_total",
        label: "Length in s",
        min: 1,
        max: 47,
        step: 1,
        initial: 12,
      },
    ],
    examples: ["Slow ambient pads, 60 bpm, tape hiss", "Rain on a tin roof, distant thunder"],
  },
  {
    id: "fal-ai/any-llm",
    title: "Any LLM",
    group: "Text",
    note: "Language models, word by word",
    call: "stream",
    fields: [
      prompt("What do you want to read?"),
      {
        kind: "text",
        name: "system_prompt",
        label: "System prompt",
        rows: 2,
        placeholder: "How it should answer",
      },
    ],
    examples: [
      "Explain a darkroom to someone born after 2010",
      "Four lines about a lighthouse, no rhymes",
    ],
  },
  {
    id: "fal-ai/clarity-upscaler",
    title: "Clarity upscaler",
    group: "Tools",
    note: "Enlarges a picture",
    call: "queue",
    fields: [
      picture,
      {
        kind: "number",
        name: "upscale_factor",
        label: "Factor",
        min: 1,
        max: 4,
        step: 0.5,
        initial: 2,
      },
    ],
    examples: [],
  },
  {
    id: "fal-ai/birefnet",
    title: "BiRefNet",
    group: "Tools",
    note: "Removes the background",
    call: "queue",
    fields: [picture],
    examples: [],
  },
];

/** What an emulator offers beyond fal: to see how trouble looks before it happens. */
const REHEARSALS: readonly Model[] = [
  {
    id: "fal-ai/slow",
    title: "Takes its time",
    group: "Only on the emulator",
    note: "To try the log and Cancel",
    call: "queue",
    fields: [
      {
        kind: "number",
        name: "seconds",
        label: "Seconds",
        min: 0,
        max: 600,
        step: 1,
        initial: 20,
      },
    ],
    examples: [],
  },
  {
    id: "fal-ai/failing",
    title: "Fails as asked",
    group: "Only on the emulator",
    note: "To see how errors look",
    call: "queue",
    fields: [
      { kind: "text", name: "prompt", label: "Prompt", rows: 2, placeholder: "Leave it empty" },
      {
        kind: "choice",
        name: "kind",
        label: "Failure",
        options: [
          { value: "validation", label: "Missing field" },
          { value: "content_policy_violation", label: "Content policy" },
          { value: "no_media_generated", label: "Nothing made" },
          { value: "internal_server_error", label: "Model error" },
          { value: "downstream_service_unavailable", label: "Service down" },
        ],
        initial: "validation",
      },
    ],
    examples: [],
  },
];

/** An endpoint that the page does not know: a prompt and a picture, the rest as JSON. */
export function unknownModel(id: string): Model {
  return {
    id,
    title: id,
    group: "Tools",
    note: "Not in this page's list: use JSON for inputs that are missing here",
    call: "queue",
    fields: [
      {
        kind: "text",
        name: "prompt",
        label: "Prompt",
        rows: 4,
        placeholder: "If the model takes one",
      },
      { ...picture, required: false } as Field,
    ],
    examples: [],
  };
}

/**
 * What can be chosen.
 *
 * @param served the models of an emulator, which serves no others; undefined: fal, which serves them all
 */
export function listModels(
  served: ReadonlyArray<{ id: string; title: string }> | undefined,
): readonly Model[] {
  if (served === undefined) return CATALOGUE;
  const ids = new Set(served.map(({ id }) => id));
  const known = [...CATALOGUE, ...REHEARSALS].filter(({ id }) => ids.has(id));
  const others = served.filter(({ id }) => !known.some((model) => model.id === id));
  return [
    ...known,
    ...others.map(({ id, title }): Model => ({
      ...unknownModel(id),
      title,
      group: "Only on the emulator",
      note: "",
    })),
  ];
}
