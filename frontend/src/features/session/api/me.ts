import { queryOptions } from "@tanstack/react-query";

import { request } from "@/lib/api-client";
import type { Me } from "@/schema/wire/session";

/** Who is asking and what they may see; loaded once and kept, because every page needs it. */
export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: ({ signal }) => request<Me>("/api/v1/me", { signal }),
  staleTime: 5 * 60_000,
});
