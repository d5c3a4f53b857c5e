import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { paths } from "@/config/paths";
import { changeDeployment, deleteDeployment } from "@/features/deployments/api/mutations";
import { deploymentKeys } from "@/features/deployments/api/queries";
import { EditDialog } from "@/features/deployments/components/edit-dialog";
import { asApiError } from "@/lib/errors";
import { useMay } from "@/lib/may";
import { useWorkspace } from "@/lib/workspace";
import type { Deployment } from "@/schema/wire/deployments";

export function DeploymentMenu({ deployment }: { readonly deployment: Deployment }) {
  const { slug: workspace } = useWorkspace();
  const client = useQueryClient();
  const navigate = useNavigate();
  const denial = useMay(deployment.may, "deployments:write");
  const [editing, setEditing] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const refresh = () => client.invalidateQueries({ queryKey: deploymentKeys.all(workspace) });
  const pause = useMutation({
    mutationFn: (paused: boolean) => changeDeployment(workspace, deployment.id, { paused }),
    onSuccess: refresh,
    onError: (error) => notifications.show({ color: "red", message: asApiError(error).message }),
  });
  const remove = useMutation({
    mutationFn: () => deleteDeployment(workspace, deployment.id),
    onSuccess: async () => {
      await navigate({ to: paths.deployments, params: { workspace } });
      void refresh();
    },
  });
  return (
    <>
      <GuardedButton
        variant="default"
        reason={denial}
        loading={pause.isPending}
        leftSection={<Icon name={deployment.paused ? "play" : "pause"} size={13} />}
        onClick={() => pause.mutate(!deployment.paused)}
      >
        {deployment.paused ? "Resume" : "Pause"}
      </GuardedButton>
      <GuardedButton variant="default" reason={denial} leftSection={<Icon name="edit" size={13} />} onClick={() => setEditing(true)}>
        Edit
      </GuardedButton>
      <GuardedButton variant="default" reason={denial} leftSection={<Icon name="trash" size={13} />} onClick={() => setDeleting(true)}>
        Delete
      </GuardedButton>
      {editing && <EditDialog deployment={deployment} onClose={() => setEditing(false)} />}
      <ConfirmDialog
        opened={deleting}
        title="Delete this deployment"
        verb="Delete deployment"
        danger
        typeName={deployment.name}
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate()}
        onClose={() => setDeleting(false)}
      >
        Its {deployment.schedules.length === 1 ? "schedule ends" : `${deployment.schedules.length} schedules end`} and it can’t be
        started any more. Its runs, logs and metrics stay.
      </ConfirmDialog>
    </>
  );
}
