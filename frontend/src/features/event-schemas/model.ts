import { findJsonFault } from "@/lib/json-fault";
import { formatCount, plural } from "@/lib/units";
import type { EventSchema, PayloadSchema, SchemaMode, SchemaTrial } from "@/schema/wire/event-schemas";

export const MODE_NAMES: Record<SchemaMode, string> = { OFF: "Off", WARN: "Warn", REFUSE: "Refuse" };

export const MODE_WORDS: Record<SchemaMode, string> = {
  OFF: "Events are stored, whatever they hold.",
  WARN: "Events that don’t fit are stored, and counted with samples.",
  REFUSE: "Events that don’t fit are refused; the others of their batch are stored.",
};

export const SAMPLE_SCHEMA = `{
  "type": "object",
  "properties": {
    "rows": { "type": "integer", "minimum": 0 }
  },
  "required": ["rows"]
}`;

export interface SchemaDraft {
  readonly name: string;
  readonly mode: SchemaMode;
  readonly text: string;
}

export function draftOf(schema: EventSchema | null): SchemaDraft {
  if (schema === null) return { name: "", mode: "WARN", text: SAMPLE_SCHEMA };
  return { name: schema.name, mode: schema.mode, text: JSON.stringify(schema.schema, null, 2) };
}

export type ReadSchema = { readonly schema: PayloadSchema; readonly fault: null } | { readonly schema: null; readonly fault: string };

/** What was typed as a schema, or why it is none: at which line and column. */
export function readSchema(text: string): ReadSchema {
  const fault = findJsonFault(text);
  if (fault !== null) return { schema: null, fault: `Line ${fault.line}, column ${fault.column}: ${fault.expected} should stand here.` };
  const found = JSON.parse(text) as unknown;
  if (typeof found !== "object" || found === null || Array.isArray(found)) return { schema: null, fault: "A schema is an object: { … }" };
  return { schema: found as PayloadSchema, fault: null };
}

/** Why it can't be saved or tried yet; null when it can. */
export function draftGap(draft: SchemaDraft): string | null {
  if (draft.name.trim() === "") return "Name the events.";
  return readSchema(draft.text).fault;
}

/** Whether events would be refused that are not yet: that is looked at before. */
export function beginsToRefuse(draft: SchemaDraft, before: EventSchema | null): boolean {
  if (draft.mode !== "REFUSE") return false;
  if (before?.mode !== "REFUSE") return true;
  return JSON.stringify(readSchema(draft.text).schema) !== JSON.stringify(before.schema);
}

/** What a trial was of: another name or schema needs another one. */
export function trialKey({ name, text }: SchemaDraft): string {
  return JSON.stringify([name.trim(), readSchema(text).schema]);
}

export function trialSentence({ checked, failed, more }: SchemaTrial): string {
  if (checked === 0) return "There were no events of this name in the last day, so nothing was tried.";
  const looked = more ? `the last day’s newest ${plural(checked, "event")}` : `the ${plural(checked, "event")} of the last day`;
  if (failed === 0) return checked === 1 ? "The one event of the last day fits." : `All of ${looked} fit.`;
  return `${formatCount(failed)} of ${looked} would not fit.`;
}
