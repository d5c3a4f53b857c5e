import { useQuery } from "@tanstack/react-query";

import { Modal } from "@/components/ui/dialog";
import { ErrorState } from "@/components/ui/error-state";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { deploymentQuery } from "@/features/deployments/api/queries";
import { RunDialog } from "@/features/deployments/components/run-dialog";
import { useWorkspace } from "@/lib/workspace";
import type { Ref, Run } from "@/schema/wire/runs";

interface CopyDialogProps {
  readonly run: Pick<Run, "id" | "name" | "parameters" | "tags">;
  readonly deployment: Ref;
  readonly onClose: () => void;
  readonly onStarted: (runId: string) => void;
}

/** The run once more, with other parameters if need be: by the form of its deployment as it is now. */
export function CopyDialog({ run, deployment, onClose, onStarted }: CopyDialogProps) {
  const { slug } = useWorkspace();
  const found = useQuery(deploymentQuery(slug, deployment.id));
  if (found.isSuccess) return <RunDialog deployment={found.data} of={run} onClose={onClose} onStarted={onStarted} />;
  return (
    <Modal opened onClose={onClose} title={`Run ${run.name} again`} size="lg">
      {found.isPending ? <SkeletonRows rows={4} label="form" /> : <ErrorState error={found.error} what="deployment" onRetry={() => void found.refetch()} />}
    </Modal>
  );
}
