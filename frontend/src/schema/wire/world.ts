import type { Schema } from "./schema";

export type WorldResource = Schema<"WorldResourceOutput">;
export type ListedResource = Schema<"ListedResourceOutput">;
export type ResourcePage = Schema<"WorldResourcePage">;
export type ResourceDetail = Schema<"WorldResourceDetail">;
export type Neighbours = Schema<"NeighboursOutput">;
export type Neighbour = Schema<"NeighbourOutput">;
export type Graph = Schema<"GraphOutput">;
export type GraphNode = Schema<"GraphNodeOutput">;
export type GraphLine = Schema<"GraphLineOutput">;
export type Impact = Schema<"ImpactOutput">;
export type TouchingRun = Schema<"TouchingRunOutput">;
export type TouchingRunPage = Schema<"TouchingRunPage">;
export type Alias = Schema<"AliasOutput">;
