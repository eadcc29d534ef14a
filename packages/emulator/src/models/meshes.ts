/** Image to 3D: a turned vase, another one for every picture. */
import { encodeGlb, encodeObj, turnVase } from "../media/mesh.ts";
import { hash } from "../media/random.ts";
import type { Model, ModelContext, ModelReply } from "../model.ts";
import type { Values } from "../schema/check.ts";
import { choice, flag, integer, list, number, text, timings } from "../schema/fields.ts";
import { type Fields, required } from "../schema/schema.ts";
import { flagOf, numberOf, textOf } from "../schema/values.ts";
import { checkedModel, type Endpoint } from "./checked.ts";
import { guidance, imageUrl, seed, steps } from "./common-fields.ts";
import { work } from "./progress.ts";
import { File, ImageFile, type ResultFile, storeFile } from "./results.ts";
import { loadSources, sizeOf } from "./sources.ts";

interface Made {
  mesh: ResultFile;
  seed: number;
  /** Seconds that the work took. */
  seconds: number;
}

export interface MeshRow extends Endpoint {
  output: Fields;
  body(made: Made): unknown;
  /** @default 1 */
  units?(values: Values): number;
}

export async function makeMesh(
  row: MeshRow,
  values: Values,
  context: ModelContext,
): Promise<ModelReply> {
  const loaded = await loadSources(values, context);
  if ("failure" in loaded) return loaded.failure;
  for (const source of loaded.sources) {
    const measured = sizeOf(source);
    if ("failure" in measured) return measured.failure;
  }
  const started = performance.now();
  await work(context, 10, 300);
  const used = numberOf(values, "seed", Math.floor(Math.random() * 0x8000_0000));
  const origin = hash(loaded.sources.map(({ url }) => url).join() + textOf(values, "prompt"));
  const vase = turnVase((used + origin) >>> 0);
  // Other formats are asked for at times and not made here: such models are GLB.
  const isObj = textOf(values, "output_format", textOf(values, "geometry_file_format")) === "obj";
  const mesh = isObj
    ? storeFile(context, encodeObj(vase), "model/obj", "model.obj")
    : storeFile(context, encodeGlb(vase), "model/gltf-binary", "model.glb");
  const seconds = (performance.now() - started) / 1000;
  const billableUnits = String(row.units?.(values) ?? 1);
  return { body: row.body({ mesh, seed: used, seconds }), billableUnits };
}

const model_mesh = required(File);

export const meshRows: readonly MeshRow[] = [
  {
    id: "fal-ai/triposr",
    title: "TripoSR",
    category: "image-to-3d",
    price: { unitPrice: 0.07, unit: "generations" },
    input: {
      image_url: imageUrl,
      output_format: choice(["glb", "obj"], "glb"),
      do_remove_background: flag(true),
      foreground_ratio: number({ minimum: 0.5, maximum: 1, default: 0.9 }),
      mc_resolution: integer({ minimum: 32, maximum: 1024, default: 256 }),
    },
    output: { model_mesh, timings: required(timings), remeshing_dir: File },
    body: ({ mesh, seconds }) => ({ model_mesh: mesh, timings: { inference: seconds } }),
  },
  {
    id: "fal-ai/trellis",
    title: "Trellis",
    category: "image-to-3d",
    price: { unitPrice: 0.02, unit: "" },
    input: {
      image_url: imageUrl,
      seed,
      ss_guidance_strength: guidance(7.5, 0, 10),
      ss_sampling_steps: steps(12, 50),
      slat_guidance_strength: guidance(3, 0, 10),
      slat_sampling_steps: steps(12, 50),
      mesh_simplify: number({ minimum: 0.9, maximum: 0.98, default: 0.95 }),
      texture_size: choice([512, 1024, 2048], 1024),
    },
    output: { model_mesh, timings: required(timings) },
    body: ({ mesh, seconds }) => ({ model_mesh: mesh, timings: { inference: seconds } }),
  },
  {
    id: "fal-ai/hunyuan3d/v2",
    title: "Hunyuan3D 2",
    category: "image-to-3d",
    price: { unitPrice: 0.16, unit: "generations" },
    input: {
      input_image_url: imageUrl,
      seed,
      num_inference_steps: steps(50, 50),
      guidance_scale: guidance(7.5, 0, 20),
      octree_resolution: integer({ minimum: 1, maximum: 1024, default: 256 }),
      textured_mesh: flag(false),
    },
    output: { model_mesh, seed: required(integer()) },
    body: ({ mesh, seed: used }) => ({ model_mesh: mesh, seed: used }),
    units: (values) => (flagOf(values, "textured_mesh", false) ? 3 : 1),
  },
  {
    id: "fal-ai/hyper3d/rodin",
    title: "Hyper3D Rodin",
    category: "image-to-3d",
    price: { unitPrice: 0.4, unit: "generations" },
    input: {
      prompt: text({ default: "" }),
      input_image_urls: list(text()),
      condition_mode: choice(["fuse", "concat"], "concat"),
      seed: integer({ minimum: 0, maximum: 65_535 }),
      geometry_file_format: choice(["glb", "usdz", "fbx", "obj", "stl"], "glb"),
      material: choice(["PBR", "Shaded"], "PBR"),
      quality: choice(["high", "medium", "low", "extra-low"], "medium"),
      use_hyper: flag(false),
      tier: choice(["Regular", "Sketch"], "Regular"),
      TAPose: flag(false),
      bbox_condition: list(integer()),
      addons: choice(["HighPack"]),
    },
    output: { model_mesh, seed: required(integer()), textures: required(list(ImageFile)) },
    body: ({ mesh, seed: used }) => ({ model_mesh: mesh, seed: used, textures: [] }),
    units: (values) => (textOf(values, "addons") === "HighPack" ? 3 : 1),
  },
];

export const meshModels: readonly Model[] = meshRows.map((row) =>
  checkedModel(row, {
    output: row.output,
    run: (values, context) => makeMesh(row, values, context),
  }),
);
