import type { Schema } from "./schema";

export type EventSchema = Schema<"EventSchemaOutput">;
export type SchemaMode = EventSchema["mode"];
export type SchemaTrial = Schema<"EventSchemaPreviewOutput">;
/** JSON Schema of a payload, as it is sent and stored. */
export type PayloadSchema = EventSchema["schema"];

export const SCHEMA_MODES = ["OFF", "WARN", "REFUSE"] as const satisfies readonly SchemaMode[];
