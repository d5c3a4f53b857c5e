import { toLocalInput } from "@/lib/time";
import type { JsonSchema } from "@/schema/wire/deployments";

export type FieldKind = "string" | "text" | "number" | "integer" | "boolean" | "enum" | "date" | "date-time" | "array" | "json";

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly description: string | null;
  readonly kind: FieldKind;
  readonly required: boolean;
  readonly nullable: boolean;
  readonly schema: JsonSchema;
  readonly itemKind: "string" | "number" | "integer" | null;
}

/** What a person types: text for most, a truth value for a switch, a list for arrays of simple things. */
export type RawValue = string | boolean | readonly string[];
export type RawValues = Readonly<Record<string, RawValue>>;

/** The fields of a form, one per parameter, in the order of the function's signature. */
export function fieldsOf(schema: JsonSchema): Field[] {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const { schema: resolved, nullable } = resolve(property, schema);
    const kind = kindOfSchema(resolved);
    return {
      name,
      label: resolved.title ?? property.title ?? name,
      description: resolved.description ?? property.description ?? null,
      kind,
      required: required.has(name) && resolved.default === undefined,
      nullable,
      schema: { ...resolved, ...("default" in property ? { default: property.default } : {}) },
      itemKind: kind === "array" ? itemKindOf(resolve(resolved.items ?? {}, schema).schema) : null,
    };
  });
}

const DEEPEST = 8;

/** Follows references and takes the one real type out of "T or null". */
function resolve(schema: JsonSchema, root: JsonSchema, depth = 0): { schema: JsonSchema; nullable: boolean } {
  if (depth > DEEPEST) return { schema, nullable: false };
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split("/").at(-1) ?? "";
    return resolve(root.$defs?.[name] ?? {}, root, depth + 1);
  }
  const only = schema.allOf?.length === 1 ? schema.allOf[0] : undefined;
  if (only !== undefined) return resolve({ ...only, ...withoutUnions(schema) }, root, depth + 1);
  const options = schema.anyOf ?? schema.oneOf;
  if (options !== undefined) {
    const real = options.filter((option) => option.type !== "null");
    const nullable = real.length < options.length;
    const first = real[0];
    if (real.length === 1 && first !== undefined) {
      return { schema: resolve({ ...first, ...withoutUnions(schema) }, root, depth + 1).schema, nullable };
    }
    return { schema: withoutUnions(schema), nullable };
  }
  if (Array.isArray(schema.type)) {
    const real = (schema.type as readonly string[]).filter((type) => type !== "null");
    const only = real.length === 1 ? real[0] : undefined;
    return { schema: only === undefined ? without(schema, ["type"]) : { ...schema, type: only }, nullable: real.length < schema.type.length };
  }
  return { schema, nullable: schema.type === "null" };
}

function withoutUnions(schema: JsonSchema): JsonSchema {
  return without(schema, ["anyOf", "oneOf", "allOf"]);
}

function without(schema: JsonSchema, keys: readonly string[]): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !keys.includes(key)));
}

const LONG_TEXT = 200;

function kindOfSchema(schema: JsonSchema): FieldKind {
  if (schema.enum !== undefined) return "enum";
  switch (schema.type) {
    case "integer":
    case "number":
    case "boolean":
      return schema.type;
    case "string":
      if (schema.format === "date" || schema.format === "date-time") return schema.format;
      return (schema.maxLength ?? 0) > LONG_TEXT ? "text" : "string";
    case "array":
      return itemKindOf(schema.items ?? {}) === null ? "json" : "array";
    default:
      return "json";
  }
}

function itemKindOf(items: JsonSchema): "string" | "number" | "integer" | null {
  return items.type === "string" || items.type === "number" || items.type === "integer" ? items.type : null;
}

/** What the form shows first: the deployment's own parameters, else the defaults of the function. */
export function initialValues(fields: readonly Field[], parameters: Readonly<Record<string, unknown>>): RawValues {
  return Object.fromEntries(
    fields.map((field) => [field.name, toRaw(field, field.name in parameters ? parameters[field.name] : field.schema.default)]),
  );
}

function toRaw(field: Field, value: unknown): RawValue {
  if (field.kind === "boolean") return value === true;
  if (field.kind === "array") return Array.isArray(value) ? value.map(String) : [];
  if (value === undefined || value === null) return "";
  if (field.kind === "json") return JSON.stringify(value, null, 2);
  if (field.kind === "enum") return JSON.stringify(value);
  if (field.kind === "date-time" && typeof value === "string" && !Number.isNaN(Date.parse(value))) return toLocalInput(value);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
