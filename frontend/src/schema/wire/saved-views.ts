import type { Schema } from "./schema";

export type SavedView = Schema<"SavedViewOutput">;
export type ViewPage = SavedView["page"];
