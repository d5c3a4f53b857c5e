import type { JsonSchema } from "./deployments";
import type { Schema } from "./schema";

export type Queue = Schema<"QueueOutput">;
export type QueueInput = Schema<"QueueInputRequest">;
export type QueueChange = Schema<"PatchedQueueChangeRequest">;
export type Pool = Schema<"PoolOutput">;
export type PoolInput = Schema<"PoolInputRequest">;
export type PoolChange = Schema<"PatchedPoolChangeRequest">;
export type Agent = Schema<"AgentOutput">;
export type PoolDepth = Schema<"PoolDepthOutput">;
export type DepthPoint = Schema<"DepthPointOutput">;

/** The API calls the settings' schema an object; what kind of object is JSON Schema's matter. */
export type PoolKind = Omit<Schema<"PoolKindOutput">, "schema"> & { readonly schema: JsonSchema };
