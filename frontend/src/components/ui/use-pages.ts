import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";

import type { Page } from "@/lib/query-client";

interface Pages<P extends Page<unknown>> {
  readonly rows: readonly P["items"][number][];
  /** The first page, for what it says of the whole list. */
  readonly first: P | undefined;
  readonly more: () => void;
}

/** The pages of an endless list as one, and what fetches the next. */
export function usePages<P extends Page<unknown>>(query: UseInfiniteQueryResult<InfiniteData<P>>): Pages<P> {
  const { data, fetchNextPage, isFetchingNextPage } = query;
  const rows = useMemo((): readonly P["items"][number][] => data?.pages.flatMap((page) => page.items) ?? [], [data]);
  const more = useCallback(() => {
    if (!isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, isFetchingNextPage]);
  return { rows, first: data?.pages[0], more };
}
