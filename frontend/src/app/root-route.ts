import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, Outlet, redirect } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { meQuery } from "@/features/session/api/me";
import { ApiError } from "@/lib/errors";

export const rootRoute = createRootRouteWithContext<{ queryClient: QueryClient }>()({ component: Outlet });

/** Everybody below needs to know who asks; without a session the way leads to the login and back. */
export async function requireMe(client: QueryClient, next: string) {
  try {
    return await client.ensureQueryData(meQuery);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) {
      throw redirect({ to: paths.login, search: next === "/" ? {} : { next } });
    }
    throw error;
  }
}
