// The OpenAPI documents: well-formed, where fal has them, and at one with what the emulator takes and gives.
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv, type ValidateFunction } from "ajv";
import { beforeAll, describe, expect, test } from "vitest";
import { createEmulator, type Emulator } from "../src/index.ts";
import { falModels } from "../src/models/index.ts";
import { check } from "../src/schema/check.ts";
import { call, client, start } from "./fixture.ts";
import { leastInput, sampleFiles, trialValues } from "./sample-input.ts";

let emulator: Emulator;
beforeAll(async () => {
  emulator = await createEmulator({ latency: 0, queueMs: 0 });
  return () => emulator.close();
});

/** As fal serves it: to anybody, on the host of its pages. */
async function documentOf(id: string): Promise<any> {
  const path = `fal.ai/api/openapi/queue/openapi.json?endpoint_id=${encodeURIComponent(id)}`;
  return (await fetch(`${emulator.url}/${path}`)).json();
}

/** `exclusiveMinimum: true` of OpenAPI 3.0 is a number to ajv. */
const modern = (_key: string, value: any): unknown => {
  if (value?.exclusiveMinimum !== true) return value;
  const { minimum, exclusiveMinimum: _, ...rest } = value;
  return { ...rest, exclusiveMinimum: minimum };
};

/** Judges the request's body, or the result, of a document. */
function judge(document: any, side: "input" | "output"): ValidateFunction {
  const id: string = document.info["x-fal-metadata"].endpointId;
  const { content } =
    side === "input"
      ? document.paths[`/${id}`].post.requestBody
      : document.paths[`/${id}/requests/{request_id}`].get.responses["200"];
  const { schema } = content["application/json"];
  const ajv = new Ajv({ strict: false, allErrors: true });
  const components = JSON.parse(JSON.stringify(document.components), modern) as object;
  return ajv.compile({ ...schema, components });
}

test("laid out as fal's own", async () => {
  const document = await documentOf("fal-ai/flux/dev");
  expect(document).toMatchObject({
    openapi: "3.0.4",
    info: {
      title: "Queue OpenAPI for fal-ai/flux/dev",
      "x-fal-metadata": { endpointId: "fal-ai/flux/dev", category: "text-to-image" },
    },
    servers: [{ url: "https://queue.fal.run" }],
    security: [{ apiKeyAuth: [] }],
  });
  expect(Object.keys(document.paths)).toEqual([
    "/fal-ai/flux/dev/requests/{request_id}/status",
    "/fal-ai/flux/dev/requests/{request_id}/cancel",
    "/fal-ai/flux/dev",
    "/fal-ai/flux/dev/requests/{request_id}",
  ]);
  const { FluxDevInput, FluxDevOutput, Image, ImageSize } = document.components.schemas;
  expect(FluxDevInput.required).toEqual(["prompt"]);
  expect(FluxDevInput["x-fal-order-properties"][0]).toBe("prompt");
  expect(FluxDevInput.properties.num_inference_steps).toEqual({
    title: "Num Inference Steps",
    type: "integer",
    minimum: 1,
    maximum: 50,
    default: 28,
  });
  expect(FluxDevInput.properties.image_size).toEqual({
    title: "Image Size",
    anyOf: [
      { $ref: "#/components/schemas/ImageSize" },
      { type: "string", enum: expect.arrayContaining(["square_hd", "landscape_16_9"]) },
    ],
    default: "landscape_4_3",
  });
  expect(ImageSize.properties.width).toMatchObject({ maximum: 14_142, default: 512 });
  expect(FluxDevOutput.properties.images.items).toEqual({ $ref: "#/components/schemas/Image" });
  expect(Image.required).toEqual(["url", "width", "height"]);
});

test("unknown ids and paths are 404; only reading is possible", async () => {
  const status = async (path: string, method = "GET"): Promise<number> =>
    (await fetch(`${emulator.url}/fal.ai/${path}`, { method })).status;
  expect(await status("api/openapi/queue/openapi.json?endpoint_id=no/such")).toBe(404);
  expect(await status("api/openapi/queue/openapi.json")).toBe(404);
  expect(await status("models/fal-ai/flux/dev")).toBe(404);
  expect(await status("api/openapi/queue/openapi.json?endpoint_id=fal-ai/veo3", "POST")).toBe(405);
});

test("the list of models has the same documents, when they are asked for", async () => {
  const list = async (query: string): Promise<any> =>
    (await fetch(`${emulator.url}/api.fal.ai/v1/models?endpoint_id=fal-ai/veo3&${query}`)).json();
  expect((await list("")).models[0]).not.toHaveProperty("openapi");
  const [model] = (await list("expand=openapi-3.0")).models;
  expect(model.openapi).toEqual(await documentOf("fal-ai/veo3"));
});

test("a model without schemas takes and gives objects", async () => {
  const own = await start({ models: [{ id: "acme/own", run: async () => ({ body: {} }) }] });
  const url = "https://fal.ai/api/openapi/queue/openapi.json?endpoint_id=acme/own";
  const document = (await (await call(own, url)).json()) as Record<string, unknown>;
  expect(await new Validator().validate(document)).toMatchObject({ valid: true });
  expect(judge(document, "input")({ whatever: 1 })).toBe(true);
});

describe.each(falModels.map((model) => [model.id, model] as const))("%s", (id, model) => {
  test("is valid OpenAPI, and true of the answer", async () => {
    const document = await documentOf(id);
    const { valid, errors } = await new Validator().validate(document);
    expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
    const input = leastInput(model.input!, await sampleFiles());
    expect(judge(document, "input")(input)).toBe(true);
    const { data } = await client(emulator).subscribe(id, { input, pollInterval: 5 });
    const output = judge(document, "output");
    output(data);
    expect(output.errors).toBeNull();
  });

  test("takes what the emulator takes, and refuses what it refuses", async () => {
    const accepts = judge(await documentOf(id), "input");
    const least = leastInput(model.input!, await sampleFiles());
    const disagreements: unknown[] = [];
    const compare = (input: Record<string, unknown>): void => {
      const taken = check(model.input!, input).issues.length === 0;
      if (accepts(input) !== taken) disagreements.push({ input, taken });
    };
    compare({});
    for (const [name, field] of Object.entries(model.input!.properties!)) {
      const { [name]: _, ...without } = least;
      compare(without);
      for (const value of trialValues(field)) compare({ ...least, [name]: value });
    }
    expect(disagreements).toEqual([]);
  });
});
