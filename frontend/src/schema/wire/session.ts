import type { MyAccount } from "./account";
import type { Schema } from "./schema";

export type Me = Schema<"MeOutput"> & { readonly accounts: readonly MyAccount[] };
export type MeWorkspace = Schema<"WorkspaceSummary">;
