// What the types of fal's own client say of an endpoint's input and output: fields, which of them are required, and
// the words that they take. The defaults in its comments are no help: endpoints of one shape share a comment.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { parseSync, type TSType } from "oxc-parser";

export interface TypedField {
  required: boolean;
  /** The words or numbers of a union of literals. */
  options?: Array<string | number>;
}
export type TypedFields = Record<string, TypedField>;

export interface TypedEndpoint {
  input: TypedFields;
  output: TypedFields;
}

function optionsOf(type: TSType): Array<string | number> | undefined {
  const members = type.type === "TSUnionType" ? type.types : [type];
  const options = members.map((member) =>
    member.type === "TSLiteralType" && member.literal.type === "Literal"
      ? (member.literal.value as string | number)
      : undefined,
  );
  return options.includes(undefined) ? undefined : (options as Array<string | number>);
}

/** Every endpoint of `@fal-ai/client`'s `EndpointTypeMap`. */
export function readClientTypes(): (id: string) => TypedEndpoint | undefined {
  const entry = createRequire(import.meta.url).resolve("@fal-ai/client");
  const path = entry.replace(/[^/\\]+$/, "types/endpoints.d.ts");
  const source = readFileSync(path, "utf8");
  const { program } = parseSync(path, source);
  const types = new Map<string, TSType>();
  for (const statement of program.body) {
    if (statement.type !== "ExportNamedDeclaration") continue;
    const { declaration } = statement;
    if (declaration?.type === "TSTypeAliasDeclaration") {
      types.set(declaration.id.name, declaration.typeAnnotation);
    }
  }

  const fieldsOf = (type: TSType | undefined): TypedFields => {
    if (type?.type === "TSTypeReference" && type.typeName.type === "Identifier") {
      return fieldsOf(types.get(type.typeName.name));
    }
    if (type?.type === "TSIntersectionType") return Object.assign({}, ...type.types.map(fieldsOf));
    const fields: TypedFields = {};
    for (const member of type?.type === "TSTypeLiteral" ? type.members : []) {
      if (member.type !== "TSPropertySignature" || member.key.type !== "Identifier") continue;
      const annotation = member.typeAnnotation?.typeAnnotation;
      const options = annotation && optionsOf(annotation);
      fields[member.key.name] = {
        required: !member.optional,
        ...(options && { options }),
      };
    }
    return fields;
  };

  const map = types.get("EndpointTypeMap");
  const endpoints = new Map<string, TSType>();
  for (const member of map?.type === "TSTypeLiteral" ? map.members : []) {
    if (member.type !== "TSPropertySignature" || member.key.type !== "Literal") continue;
    endpoints.set(String(member.key.value), member.typeAnnotation!.typeAnnotation);
  }
  return (id) => {
    const type = endpoints.get(id);
    if (type?.type !== "TSTypeLiteral") return undefined;
    const [input, output] = ["input", "output"].map((name) => {
      const member = type.members.find(
        (candidate) =>
          candidate.type === "TSPropertySignature" &&
          candidate.key.type === "Identifier" &&
          candidate.key.name === name,
      );
      return member?.type === "TSPropertySignature"
        ? fieldsOf(member.typeAnnotation?.typeAnnotation)
        : {};
    });
    return { input: input!, output: output! };
  };
}
