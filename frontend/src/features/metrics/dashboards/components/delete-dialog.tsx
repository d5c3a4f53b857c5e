import { useMutation, useQueryClient } from "@tanstack/react-query";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { dashboardKeys, deleteDashboard } from "@/features/metrics/dashboards/api";
import { plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { Dashboard } from "@/schema/wire/dashboards";

interface DeleteDialogProps {
  readonly dashboard: Dashboard;
  readonly onGone: () => void;
  readonly onClose: () => void;
}

export function DeleteDialog({ dashboard, onGone, onClose }: DeleteDialogProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => deleteDashboard(slug, dashboard.id),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: dashboardKeys.list(slug) });
      onGone();
    },
  });
  return (
    <ConfirmDialog
      opened
      danger
      title={`Delete ${dashboard.name}?`}
      verb="Delete it"
      typeName={dashboard.name}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      {plural(dashboard.panels.length, "panel")} will be gone for everybody in this workspace. Metrics, runs and events stay. Export its JSON first if it may be wanted again.
    </ConfirmDialog>
  );
}
