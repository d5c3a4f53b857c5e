import type { ManagedPool } from "./compute";
import type { Schema } from "./schema";

export type Queue = Schema<"QueueOutput">;
export type Pool = Schema<"PoolOutput"> & { readonly managed?: ManagedPool | null };
export type Agent = Schema<"AgentOutput">;
