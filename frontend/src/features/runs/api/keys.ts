import { rangeKey } from "@/lib/time";
import type { RunsSearch } from "@/features/runs/runs-search";
import { runFilters } from "@/features/runs/runs-search";

export const runKeys = {
  all: (workspace: string) => ["runs", workspace] as const,
  lists: (workspace: string) => [...runKeys.all(workspace), "list"] as const,
  list: (workspace: string, search: RunsSearch) =>
    [...runKeys.lists(workspace), rangeKey(search), runFilters(search)] as const,
  histograms: (workspace: string) => [...runKeys.all(workspace), "histogram"] as const,
  histogram: (workspace: string, search: RunsSearch) =>
    [...runKeys.histograms(workspace), rangeKey(search), runFilters(search)] as const,
  find: (workspace: string, text: string) => [...runKeys.all(workspace), "find", text] as const,
  run: (workspace: string, id: string) => [...runKeys.all(workspace), "run", id] as const,
  part: (workspace: string, id: string, part: string, ...rest: readonly unknown[]) =>
    [...runKeys.run(workspace, id), part, ...rest] as const,
};
