import { infiniteQueryOptions, keepPreviousData } from "@tanstack/react-query";

import type { RefusedSearch } from "@/features/refused/model";
import { request, workspaceUrl } from "@/lib/api-client";
import type { Page } from "@/lib/query-client";
import type { Refused } from "@/schema/wire/telemetry";

export function refusedQuery(workspace: string, { door, code }: RefusedSearch) {
  return infiniteQueryOptions({
    queryKey: ["refused", workspace, door ?? null, code ?? null] as const,
    queryFn: ({ pageParam, signal }) =>
      request<Page<Refused>>(workspaceUrl(workspace, "/refused"), { signal, query: { door, code, limit: 100, cursor: pageParam } }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
  });
}
