/** A model by its schema: nobody gets to its work with an input that the schema refuses. */
import type { Model, ModelContext, ModelReply, ModelStream } from "../model.ts";
import { check, type Values } from "../schema/check.ts";
import { type Fields, object } from "../schema/schema.ts";
import { invalid, refusedStream } from "./failure.ts";

/** What every row of the table says of its endpoint. */
export interface Endpoint {
  id: string;
  title: string;
  /** fal's, e.g. `text-to-image`. */
  category: string;
  price: NonNullable<Model["price"]>;
  input: Fields;
}

export interface Work {
  output: Fields;
  /** @param given the input as it came, without the defaults */
  run(values: Values, context: ModelContext, given: Values): Promise<ModelReply>;
  stream?(values: Values, context: ModelContext): ModelStream;
  realtime?(values: Values, context: ModelContext, given: Values): AsyncIterable<unknown>;
}

/** `fal-ai/flux/dev` is `FluxDev`, as fal names the schemas of an endpoint. */
function schemaName(id: string): string {
  const words = id.replace(/^fal-ai\//, "").split(/[^a-zA-Z0-9]+/);
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}

/** Over a socket a picture may come as bytes, in a field of its own. */
export function withAddress(given: Values): Values {
  const { image_bytes: bytes, ...rest } = given;
  if (!(bytes instanceof Uint8Array)) return given;
  return { image_url: `data:;base64,${Buffer.from(bytes).toString("base64")}`, ...rest };
}

export function checkedModel(endpoint: Endpoint, work: Work): Model {
  const { id, title, category, price } = endpoint;
  const input = object(`${schemaName(id)}Input`, endpoint.input);
  const read = (given: Values): { values: Values; refusal?: ModelReply } => {
    const { values, issues } = check(input, given);
    return issues.length > 0 ? { values, refusal: invalid(issues) } : { values };
  };
  return {
    id,
    title,
    category,
    price,
    input,
    output: object(`${schemaName(id)}Output`, work.output),
    async run(given, context) {
      const { values, refusal } = read(given);
      return refusal ?? work.run(values, context, given);
    },
    ...(work.stream && {
      stream: (given: Values, context: ModelContext): ModelStream => {
        const { values, refusal } = read(given);
        return refusal ? refusedStream(refusal) : work.stream!(values, context);
      },
    }),
    ...(work.realtime && {
      async *realtime(given: Values, context: ModelContext): AsyncGenerator<unknown> {
        const { values, refusal } = read(withAddress(given));
        if (refusal) throw new Error(JSON.stringify(refusal.body));
        yield* work.realtime!(values, context, given);
      },
    }),
  };
}
