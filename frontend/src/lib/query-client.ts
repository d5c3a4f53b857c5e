import { QueryClient } from "@tanstack/react-query";

import { ApiError } from "@/lib/errors";

const RETRIES = 2;

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        gcTime: 10 * 60_000,
        refetchOnWindowFocus: true,
        retry: (count, error) => count < RETRIES && error instanceof ApiError && error.retryable,
        retryDelay: (attempt) => Math.min(500 * 2 ** attempt, 4_000),
      },
      mutations: { retry: false },
    },
  });
}

/** A page of any list. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
}
