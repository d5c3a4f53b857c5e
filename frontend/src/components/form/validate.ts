import { plural } from "@/lib/units";

import type { Field, RawValue, RawValues } from "./schema";

export type Parsed = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string };

export interface FormResult {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly problems: Readonly<Record<string, string>>;
}

/** Turns what was typed into parameters, or says what is wrong with which field. An empty optional field is left out. */
export function readForm(fields: readonly Field[], values: RawValues): FormResult {
  const parameters: Record<string, unknown> = {};
  const problems: Record<string, string> = {};
  for (const field of fields) {
    const parsed = parseField(field, values[field.name] ?? "");
    if (!parsed.ok) problems[field.name] = parsed.problem;
    else if (parsed.value !== undefined) parameters[field.name] = parsed.value;
  }
  return { parameters, problems };
}

const good = (value: unknown): Parsed => ({ ok: true, value });
const bad = (problem: string): Parsed => ({ ok: false, problem });

export function parseField(field: Field, raw: RawValue): Parsed {
  if (typeof raw === "boolean") return good(raw);
  if (typeof raw === "object") return parseList(field, raw);
  const text = field.kind === "string" || field.kind === "text" ? raw : raw.trim();
  if (text === "") return parseEmpty(field);
  switch (field.kind) {
    case "integer":
    case "number":
      return parseNumber(field, text);
    case "enum":
      return field.schema.enum?.some((option) => JSON.stringify(option) === text) === true ? good(JSON.parse(text)) : bad("Choose one of the list.");
    case "date":
      return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)) ? good(text) : bad("Enter a date as year-month-day.");
    case "date-time": {
      const moment = new Date(text);
      return Number.isNaN(moment.getTime()) ? bad("Enter a date and a time.") : good(moment.toISOString());
    }
    case "json":
      return parseJson(field, text);
    default:
      return parseText(field, text);
  }
}

function parseEmpty(field: Field): Parsed {
  if (field.nullable && field.required) return good(null);
  if (!field.required) return good(undefined);
  // An empty text is a text; only a rule of the schema forbids it.
  const mayBeEmpty = field.kind === "string" && (field.schema.minLength ?? 0) === 0 && field.schema.pattern === undefined;
  return mayBeEmpty && field.schema.default === "" ? good("") : bad("This one is needed.");
}

function parseNumber(field: Field, text: string): Parsed {
  const value = Number(text);
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = field.schema;
  if (!Number.isFinite(value)) return bad("Enter a number.");
  if (field.kind === "integer" && !Number.isInteger(value)) return bad("Enter a whole number.");
  if (minimum !== undefined && value < minimum) return bad(`At least ${minimum}.`);
  if (maximum !== undefined && value > maximum) return bad(`At most ${maximum}.`);
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) return bad(`More than ${exclusiveMinimum}.`);
  if (exclusiveMaximum !== undefined && value >= exclusiveMaximum) return bad(`Less than ${exclusiveMaximum}.`);
  return good(value);
}

function parseText(field: Field, text: string): Parsed {
  const { minLength, maxLength, pattern } = field.schema;
  if (minLength !== undefined && text.length < minLength) return bad(`At least ${plural(minLength, "character")}.`);
  if (maxLength !== undefined && text.length > maxLength) return bad(`At most ${plural(maxLength, "character")}.`);
  if (pattern !== undefined && !matches(pattern, text)) return bad(`Has to match ${pattern}.`);
  return good(text);
}

/** Python's patterns are not always ours; one that we can't read is left to the server. */
function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, "u").test(text);
  } catch {
    return true;
  }
}

function parseJson(field: Field, text: string): Parsed {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return bad(`Not valid JSON: ${error instanceof Error ? error.message : "unreadable"}.`);
  }
  const isList = Array.isArray(value);
  if (field.schema.type === "object" && (typeof value !== "object" || value === null || isList)) return bad("Has to be an object: { … }.");
  if (field.schema.type === "array" && !isList) return bad("Has to be a list: [ … ].");
  return good(value);
}

function parseList(field: Field, items: readonly string[]): Parsed {
  const { minItems, maxItems } = field.schema;
  if (items.length === 0 && !field.required && field.schema.default === undefined) return good(undefined);
  if (minItems !== undefined && items.length < minItems) return bad(`At least ${plural(minItems, "entry", "entries")}.`);
  if (maxItems !== undefined && items.length > maxItems) return bad(`At most ${plural(maxItems, "entry", "entries")}.`);
  if (field.itemKind === "string") return good(items);
  const numbers = items.map(Number);
  const wrong = items.find((_, index) => {
    const value = numbers[index] ?? NaN;
    return field.itemKind === "integer" ? !Number.isInteger(value) : !Number.isFinite(value);
  });
  return wrong === undefined ? good(numbers) : bad(`“${wrong}” is not a ${field.itemKind === "integer" ? "whole number" : "number"}.`);
}

/** The server's answer by field: it names them `parameters.<name>` and may point inside a value. */
export function serverProblems(fields: Readonly<Record<string, readonly string[]>>): Record<string, string> {
  const problems: Record<string, string> = {};
  for (const [key, messages] of Object.entries(fields)) {
    const name = /^parameters\.([^.[]+)/.exec(key)?.[1] ?? key;
    problems[name] = messages.join(" ");
  }
  return problems;
}
