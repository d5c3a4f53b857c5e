import { initialValues, unshown, type Field, type RawValue, type RawValues } from "@/components/form/schema";
import { readForm } from "@/components/form/validate";

type Parameters = Readonly<Record<string, unknown>>;

export interface ReadParameters {
  /** As JSON, what the action would say. */
  readonly text: string;
  readonly problems: Readonly<Record<string, string>>;
}

const TEMPLATE = /\{\{|\{%/;

/** Whether a form of these fields shows all of it. */
export function fitsForm(fields: readonly Field[], parameters: Parameters | null): parameters is Parameters {
  return parameters !== null && unshown(fields, parameters).length === 0;
}

/** What the form shows first: what the action says, else what the deployment does. */
export function firstValues(fields: readonly Field[], said: Parameters, deployed: Parameters): RawValues {
  return initialValues(
    fields.map((field) => (holdsTemplate(field, said[field.name]) ? asText(field) : field)),
    { ...deployed, ...said },
  );
}

/** A template may stand for a value of any type: such a field is a line of text. */
export function shownFields(fields: readonly Field[], own: readonly string[], values: RawValues): Field[] {
  return fields.filter((field) => own.includes(field.name)).map((field) => (holdsTemplate(field, values[field.name]) ? asText(field) : field));
}

export function readParameters(fields: readonly Field[], own: readonly string[], values: RawValues): ReadParameters {
  const { parameters, problems } = readForm(shownFields(fields, own, values), values);
  return { text: JSON.stringify(parameters, null, 2), problems };
}

/** JSON and maps hold templates inside themselves, unless they are one altogether. */
function holdsTemplate(field: Field, value: RawValue | unknown): boolean {
  if (typeof value !== "string" || !TEMPLATE.test(value)) return false;
  return (field.kind !== "json" && field.kind !== "map") || value.trim().startsWith("{{");
}

function asText(field: Field): Field {
  return { ...field, kind: "string", schema: {} };
}
