import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { createDashboard, dashboardKeys } from "@/features/metrics/dashboards/api";
import { newIdempotencyKey } from "@/lib/api-client";
import { useWorkspace } from "@/lib/workspace";
import type { DashboardDocument } from "@/schema/wire/dashboards";

/** Makes a dashboard once, however often the button is pressed. */
export function useCreate(onMade: (id: string) => void) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const [key, setKey] = useState(newIdempotencyKey);
  return useMutation({
    mutationFn: (body: Partial<DashboardDocument> & { readonly name: string }) => createDashboard(slug, body, key),
    onSuccess: (made) => {
      client.setQueryData(dashboardKeys.one(slug, made.id), made);
      void client.invalidateQueries({ queryKey: dashboardKeys.list(slug) });
      onMade(made.id);
    },
    // Another body needs another key.
    onError: () => setKey(newIdempotencyKey()),
  });
}
