import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { rollBack } from "@/features/deployments/api/mutations";
import { deploymentKeys } from "@/features/deployments/api/queries";
import { SpecDiff } from "@/features/deployments/components/spec-diff";
import { differences } from "@/features/deployments/versions";
import { useWorkspace } from "@/lib/workspace";
import type { Deployment, DeploymentVersion } from "@/schema/wire/deployments";

interface RollBackDialogProps {
  readonly deployment: Deployment;
  readonly version: DeploymentVersion;
  readonly current: DeploymentVersion | undefined;
  readonly onClose: () => void;
}

/** Shows what would be said again, before it is. */
export function RollBackDialog({ deployment, version, current, onClose }: RollBackDialogProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const back = useMutation({
    mutationFn: () => rollBack(slug, deployment.id, version.number),
    onSuccess: async (after) => {
      notifications.show({ color: "green", message: `${deployment.name} is as version ${version.number} said, as version ${after.version_number}.` });
      await client.invalidateQueries({ queryKey: deploymentKeys.all(slug) });
      onClose();
    },
  });
  return (
    <ConfirmDialog
      opened
      title={`Roll back to version ${version.number}`}
      verb="Roll back"
      back="Keep the current one"
      busy={back.isPending}
      error={back.error}
      onConfirm={() => back.mutate()}
      onClose={onClose}
    >
      <p style={{ marginTop: 0 }}>
        What version {version.number} said is deployed once more, as a new version. Schedules stay as they are; runs that are executing end with what they have.
      </p>
      {current !== undefined && <SpecDiff differences={differences(current.spec, version.spec)} />}
    </ConfirmDialog>
  );
}
