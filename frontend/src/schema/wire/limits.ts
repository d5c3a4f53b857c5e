import type { Schema } from "./schema";

export type Limit = Schema<"LimitOutput">;
export type LimitKind = Limit["kind"];
export type LimitInput = Schema<"LimitInputRequest">;
export type Slot = Schema<"SlotOutput">;
export type RunLine = Schema<"RunLineOutput">;
