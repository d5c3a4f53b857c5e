import type { Schema } from "./schema";

export type Queue = Schema<"QueueOutput">;
export type Pool = Schema<"PoolOutput">;
export type Agent = Schema<"AgentOutput">;
