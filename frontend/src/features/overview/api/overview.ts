import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { request, workspaceUrl } from "@/lib/api-client";
import { rangeKey, resolveRange, type RangeSearch } from "@/lib/time";
import type { Overview } from "@/schema/wire/overview";

export const overviewKeys = {
  all: (workspace: string) => ["overview", workspace] as const,
  range: (workspace: string, range: RangeSearch) => [...overviewKeys.all(workspace), rangeKey(range)] as const,
};

export function overviewQuery(workspace: string, range: RangeSearch) {
  return queryOptions({
    queryKey: overviewKeys.range(workspace, range),
    queryFn: ({ signal }) => {
      const { from, to } = resolveRange(range, Date.now());
      return request<Overview>(workspaceUrl(workspace, "/overview"), { query: { from, to }, signal });
    },
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });
}
