/** The part of OpenAPI 3.0's schema objects in which inputs and outputs of models are written. */

export interface Schema {
  type?: "string" | "integer" | "number" | "boolean" | "array" | "object";
  /** Of an object: its name among the components of the OpenAPI document. */
  title?: string;
  description?: string;
  default?: unknown;
  example?: unknown;
  enum?: ReadonlyArray<string | number>;
  /** Whether null is taken, too. */
  nullable?: boolean;
  minimum?: number;
  maximum?: number;
  /** `minimum` itself is too little, as OpenAPI 3.0 spells it. */
  exclusiveMinimum?: boolean;
  minLength?: number;
  maxLength?: number;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  additionalProperties?: boolean | Schema;
  /** The first that fits by its type counts. */
  anyOf?: readonly Schema[];
  /** The order in which fal's pages show the fields. */
  "x-fal-order-properties"?: readonly string[];
}

/** A field of an object: what it holds, and whether it must be there. */
export interface Field extends Schema {
  /** Set by `required`; in the published schema it becomes a name in the object's list. */
  mandatory?: true;
}

export type Fields = Readonly<Record<string, Field>>;

export const required = (field: Field): Field => ({ ...field, mandatory: true });

/** @param title its name among the components of the OpenAPI document, e.g. `ImageSize` */
export function object(title: string, fields: Fields): Schema {
  const names = Object.keys(fields);
  const mandatory = names.filter((name) => fields[name]?.mandatory);
  const properties: Record<string, Schema> = {};
  for (const [name, { mandatory: _, ...schema }] of Object.entries(fields)) {
    properties[name] = schema;
  }
  return {
    title,
    type: "object",
    properties,
    "x-fal-order-properties": names,
    // OpenAPI wants at least one name in the list.
    ...(mandatory.length > 0 && { required: mandatory }),
  };
}
