import type { UseInfiniteQueryResult, UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { ErrorState } from "./error-state";
import { SkeletonRows } from "./skeleton-rows";

interface ListStatesProps {
  readonly query: UseQueryResult<unknown> | UseInfiniteQueryResult<unknown>;
  readonly what: string;
  readonly count: number;
  readonly empty: ReactNode;
  readonly rows?: number;
  readonly children: ReactNode;
}

/** A list on its way, broken, empty, or there. */
export function ListStates({ query, what, count, empty, rows = 8, children }: ListStatesProps) {
  if (query.isPending) return <SkeletonRows rows={rows} height={45} label={what} />;
  if (query.isError) return <ErrorState error={query.error} what={what} onRetry={() => void query.refetch()} />;
  return count === 0 ? empty : children;
}
