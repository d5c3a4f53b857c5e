import { toLocalInput } from "@/lib/time";
import type { JsonSchema } from "@/schema/wire/deployments";

export type FieldKind = "string" | "text" | "number" | "integer" | "boolean" | "enum" | "date" | "date-time" | "array" | "map" | "group" | "json";

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly description: string | null;
  readonly kind: FieldKind;
  readonly required: boolean;
  readonly nullable: boolean;
  readonly schema: JsonSchema;
  readonly itemKind: "string" | "number" | "integer" | null;
  /** Of a group: what is inside it. */
  readonly fields: readonly Field[];
}

/** What a person types: text for most, a truth value for a switch, a list for arrays of simple things, the inside of a group; false for a group that is left out. */
export type RawValue = string | boolean | readonly string[] | RawValues;
export interface RawValues {
  readonly [name: string]: RawValue;
}

/** Objects within objects deeper than this are typed as JSON. */
const DEEPEST_GROUP = 3;

/** The fields of a form, one per parameter, in the order of the function's signature. */
export function fieldsOf(schema: JsonSchema, root = schema, depth = 0): Field[] {
  const required = new Set(schema.required ?? []);
  return inOrder(schema).map(([name, property]) => {
    const { schema: resolved, nullable } = resolve(property, root);
    const kind = kindOfSchema(resolved, depth);
    return {
      name,
      label: property.title ?? (property.$ref === undefined && kind !== "group" ? resolved.title : undefined) ?? name,
      description: resolved.description ?? property.description ?? null,
      kind,
      required: required.has(name) && resolved.default === undefined,
      nullable,
      schema: { ...resolved, ...("default" in property ? { default: property.default } : {}) },
      itemKind: kind === "array" ? itemKindOf(resolve(resolved.items ?? {}, root).schema) : null,
      fields: kind === "group" ? fieldsOf(resolved, root, depth + 1) : [],
    };
  });
}

/** What is needed first, as the signature has it: a stored object does not keep the order of its names, its list of the needed ones does. */
function inOrder({ properties, required }: JsonSchema): [string, JsonSchema][] {
  const place = (name: string) => ((required ?? []).includes(name) ? (required ?? []).indexOf(name) : Infinity);
  return Object.entries(properties ?? {}).sort(([a], [b]) => (place(a) === place(b) ? 0 : place(a) - place(b)));
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

function kindOfSchema(schema: JsonSchema, depth: number): FieldKind {
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
    case "object":
      return objectKind(schema, depth);
    default:
      return "json";
  }
}

function objectKind({ properties, additionalProperties }: JsonSchema, depth: number): FieldKind {
  const named = Object.keys(properties ?? {}).length > 0;
  // What may hold more than it names would lose that in fields of their own.
  if (named) return typeof additionalProperties === "object" || additionalProperties === true || depth >= DEEPEST_GROUP ? "json" : "group";
  return typeof additionalProperties === "object" && additionalProperties.type === "string" ? "map" : "json";
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
  if (field.kind === "group") return toGroup(field, value);
  if (field.kind === "map") return isRecord(value) ? Object.entries(value).map(([key, each]) => `${key}=${String(each)}`).join("\n") : "";
  if (field.kind === "boolean") return value === true;
  if (field.kind === "array") return Array.isArray(value) ? value.map(String) : [];
  if (value === undefined || value === null) return "";
  if (field.kind === "json") return JSON.stringify(value, null, 2);
  if (field.kind === "enum") return JSON.stringify(value);
  if (field.kind === "date-time" && typeof value === "string" && !Number.isNaN(Date.parse(value))) return toLocalInput(value);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The inside of a group; of one that needn't be given and is not, nothing. */
function toGroup(field: Field, value: unknown): RawValue {
  if (isRecord(value)) return initialValues(field.fields, value);
  return field.required ? initialValues(field.fields, {}) : false;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Narrows what was typed: `Array.isArray` does not of readonly lists. */
export function isList(raw: RawValue): raw is readonly string[] {
  return Array.isArray(raw);
}

export function isGroup(raw: RawValue): raw is RawValues {
  return typeof raw === "object" && !Array.isArray(raw);
}

/** Parameters that a form of these fields does not show, and so would not send. */
export function unshown(fields: readonly Field[], parameters: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(parameters).filter((name) => !fields.some((field) => field.name === name));
}
