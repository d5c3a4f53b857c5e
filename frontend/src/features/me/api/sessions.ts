import { queryOptions } from "@tanstack/react-query";
import { z } from "zod/mini";

import { authCall } from "@/lib/auth-client";
import { meKeys } from "@/features/me/keys";

const sessions = z.array(
  z.object({
    id: z.number(),
    user_agent: z.string(),
    ip: z.string(),
    created_at: z.number(),
    last_seen_at: z.number(),
    is_current: z.boolean(),
  }),
);

export type Session = z.infer<typeof sessions>[number];

export const sessionsQuery = queryOptions({
  queryKey: meKeys.sessions,
  queryFn: async ({ signal }) => {
    const all = sessions.parse((await authCall("GET", "/auth/sessions", { signal })).data);
    return all.sort((one, other) => Number(other.is_current) - Number(one.is_current) || other.last_seen_at - one.last_seen_at);
  },
});

export async function endSessions(ids: readonly number[]): Promise<void> {
  await authCall("DELETE", "/auth/sessions", { body: { sessions: ids } });
}
