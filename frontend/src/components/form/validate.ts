import { plural } from "@/lib/units";

import { isGroup, isList, type Field, type RawValue, type RawValues } from "./schema";

export type Parsed = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string };

export interface FormResult {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly problems: Readonly<Record<string, string>>;
}

/**
 * Turns what was typed into parameters, or says what is wrong with which field. An empty optional
 * field is left out; one inside a group is named with it, "options.retries".
 */
export function readForm(fields: readonly Field[], values: RawValues): FormResult {
  const parameters: Record<string, unknown> = {};
  const problems: Record<string, string> = {};
  for (const field of fields) {
    const raw = values[field.name] ?? "";
    if (field.kind === "group" && isGroup(raw)) {
      const inside = readForm(field.fields, raw);
      parameters[field.name] = inside.parameters;
      for (const [name, problem] of Object.entries(inside.problems)) problems[`${field.name}.${name}`] = problem;
      continue;
    }
    const parsed = parseField(field, raw);
    if (!parsed.ok) problems[field.name] = parsed.problem;
    else if (parsed.value !== undefined) parameters[field.name] = parsed.value;
  }
  return { parameters, problems };
}

const good = (value: unknown): Parsed => ({ ok: true, value });
const bad = (problem: string): Parsed => ({ ok: false, problem });

export function parseField(field: Field, raw: RawValue): Parsed {
  if (field.kind === "group") return field.nullable && isSet(field.schema.default) ? good(null) : good(undefined);
  if (typeof raw === "boolean") return good(raw);
  if (isGroup(raw)) return bad("This one is needed.");
  if (isList(raw)) return parseList(field, raw);
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
    case "map":
      return parseMap(text);
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

/** One `name=value` a line; a value may hold further equals signs. */
function parseMap(text: string): Parsed {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const wrong = lines.find((line) => line.indexOf("=") < 1);
  if (wrong !== undefined) return bad(`“${wrong.trim()}” is not name=value.`);
  return good(Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")).trim(), line.slice(line.indexOf("=") + 1).trim()])));
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
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

/**
 * The server's answer by field: it names them `<place>.<name>` and may point inside a value. Of what it
 * names deeper than the form goes, the field around it shows it.
 */
export function serverProblems(said: Readonly<Record<string, readonly string[]>>, fields: readonly Field[], place = "parameters"): Record<string, string> {
  const problems: Record<string, string> = {};
  for (const [key, messages] of Object.entries(said)) {
    const name = key.startsWith(`${place}.`) ? nearest(fields, key.slice(place.length + 1).split(/[.[]/)) : key;
    problems[name] = [problems[name], ...messages].filter((each) => each !== undefined).join(" ");
  }
  return problems;
}

function nearest(fields: readonly Field[], path: readonly string[]): string {
  const [name = "", ...rest] = path;
  const field = fields.find((each) => each.name === name);
  const [next] = rest;
  if (field?.kind !== "group" || next === undefined || !field.fields.some((each) => each.name === next)) return name;
  return `${name}.${nearest(field.fields, rest)}`;
}

/** What is wrong inside a group, by the names that its own fields have. */
export function problemsInside(problems: Readonly<Record<string, string>>, name: string): Record<string, string> {
  const prefix = `${name}.`;
  return Object.fromEntries(Object.entries(problems).flatMap(([key, problem]) => (key.startsWith(prefix) ? [[key.slice(prefix.length), problem]] : [])));
}

/** What was refused of nothing that the form shows. */
export function unplaced(problems: Readonly<Record<string, string>>, fields: readonly Field[], others: readonly string[] = []): string[] {
  return Object.entries(problems).flatMap(([key, problem]) => {
    const [name] = key.split(".");
    return others.includes(key) || fields.some((field) => field.name === name) ? [] : [problem];
  });
}
