import type { Schema } from "./schema";

export type Level = Schema<"LevelOutput">;
export type LevelInput = Schema<"LevelInputRequest">;
export type LevelChange = Schema<"PatchedLevelChangeRequest">;
export type Breach = Schema<"BreachOutput">;
