/** The OpenAPI document of an endpoint, laid out as fal's: the queue's four calls, and the schemas of the model. */
import { type Answer, json } from "./answer.ts";
import type { ModelTable } from "./endpoint.ts";
import { methodNotAllowed, plain } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import type { Model } from "./model.ts";
import type { Schema } from "./schema/schema.ts";

type Json = Record<string, unknown>;

const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });

/** `num_images` is "Num Images", as pydantic titles its fields. */
const titleOf = (name: string): string =>
  name.replace(/(^|_)([a-z])/g, (_, gap: string, letter: string) =>
    `${gap && " "}${letter.toUpperCase()}`.replaceAll("_", " "),
  );

/** A schema with every named object within it moved to `components`, and referred to. */
function published(schema: Schema, components: Json): Json {
  const { items, properties, anyOf, additionalProperties, ...rest } = schema;
  const inner = (part: Schema): Json => published(part, components);
  const whole: Json = {
    ...rest,
    ...(anyOf && { anyOf: anyOf.map(inner) }),
    ...(items && { items: inner(items) }),
    ...(additionalProperties !== undefined && {
      additionalProperties:
        typeof additionalProperties === "boolean"
          ? additionalProperties
          : inner(additionalProperties),
    }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, property]) => {
          const field = inner(property);
          return [name, "$ref" in field ? field : { title: titleOf(name), ...field }];
        }),
      ),
    }),
  };
  if (schema.type !== "object" || schema.title === undefined) return whole;
  components[schema.title] = whole;
  return ref(schema.title);
}

const queueStatus: Json = {
  type: "object",
  properties: {
    status: { type: "string", enum: ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"] },
    request_id: { type: "string" },
    response_url: { type: "string" },
    status_url: { type: "string" },
    cancel_url: { type: "string" },
    logs: { type: "object", additionalProperties: true },
    metrics: { type: "object", additionalProperties: true },
    queue_position: { type: "integer" },
  },
  required: ["status", "request_id"],
};

const requestId: Json = {
  name: "request_id",
  in: "path",
  required: true,
  schema: { type: "string", description: "Request ID" },
};
const logs: Json = {
  name: "logs",
  in: "query",
  required: false,
  schema: { type: "number", description: "1 for logs in the answer" },
};

const answers = (description: string, schema: Json): Json => ({
  "200": { description, content: { "application/json": { schema } } },
});

/** The schema of a model that has none. */
const anyObject: Schema = { type: "object", additionalProperties: true };

/** @see https://fal.ai/api/openapi/queue/openapi.json?endpoint_id=fal-ai/flux/dev */
export function openApiOf(model: Model): Json {
  const { id, category = "other" } = model;
  const schemas: Json = { QueueStatus: queueStatus };
  const input = published(model.input ?? { ...anyObject, title: "Input" }, schemas);
  const output = published(model.output ?? { ...anyObject, title: "Output" }, schemas);
  const request = `/${id}/requests/{request_id}`;
  const status = answers("The request status.", ref("QueueStatus"));
  const cancelled = { type: "object", properties: { success: { type: "boolean" } } };
  const page = `https://fal.ai/models/${id}`;
  return {
    openapi: "3.0.4",
    info: {
      title: `Queue OpenAPI for ${id}`,
      version: "1.0.0",
      description: `The OpenAPI schema for the ${id} queue.`,
      "x-fal-metadata": {
        endpointId: id,
        category,
        playgroundUrl: page,
        documentationUrl: `${page}/api`,
      },
    },
    components: {
      securitySchemes: {
        apiKeyAuth: {
          type: "apiKey",
          in: "header",
          name: "Authorization",
          description: "Fal Key",
        },
      },
      schemas,
    },
    paths: {
      [`${request}/status`]: { get: { parameters: [requestId, logs], responses: status } },
      [`${request}/cancel`]: {
        put: {
          parameters: [requestId],
          // What fal's documents say; its queue answers with a status.
          responses: answers("The request was cancelled.", cancelled),
        },
      },
      [`/${id}`]: {
        post: {
          requestBody: { required: true, content: { "application/json": { schema: input } } },
          responses: status,
        },
      },
      [request]: {
        get: { parameters: [requestId], responses: answers("Result of the request.", output) },
      },
    },
    servers: [{ url: "https://queue.fal.run" }],
    security: [{ apiKeyAuth: [] }],
  };
}

/** `fal.ai/api/openapi/queue/openapi.json?endpoint_id=…`, for everyone. */
export function serveOpenApi(exchange: Exchange, table: ModelTable): Answer {
  if (exchange.segments.join("/") !== "api/openapi/queue/openapi.json") {
    return plain(404, "Not Found");
  }
  if (exchange.method !== "GET") return methodNotAllowed("GET");
  const id = exchange.query.get("endpoint_id") ?? "";
  const model = table.find(id);
  return model ? json(200, openApiOf(model)) : plain(404, `Endpoint "${id}" not found`);
}
