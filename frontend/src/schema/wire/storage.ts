import type { Schema } from "./schema";

export type Storage = Schema<"StorageOutput">;
export type StoredKind = Schema<"StoredKindOutput">;
export type Retention = Schema<"RetentionOutput">;
