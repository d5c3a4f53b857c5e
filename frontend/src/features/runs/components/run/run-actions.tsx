import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { runKeys } from "@/features/runs/api/keys";
import { cancelRun, retryRun, runQuery } from "@/features/runs/api/run";
import { cancelDenial, retryDenial } from "@/features/runs/run-model";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { Run } from "@/schema/wire/runs";

/** Cancel and retry; what is not possible now stays visible and says why. */
export function RunActions({ run }: { readonly run: Run }) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const [asking, setAsking] = useState<"cancel" | "retry" | null>(null);
  const settle = (words: string) => (changed: Run) => {
    client.setQueryData(runQuery(slug, run.id).queryKey, changed);
    void client.invalidateQueries({ queryKey: runKeys.all(slug) });
    notifications.show({ message: words });
    setAsking(null);
  };
  const cancel = useMutation({ mutationFn: () => cancelRun(slug, run.id), onSuccess: settle("Cancelling the run") });
  const retry = useMutation({ mutationFn: () => retryRun(slug, run.id), onSuccess: settle("The run will start again") });
  const mayCancel = cancelDenial(run, useDenial("runs:cancel"));
  const mayRetry = retryDenial(run, useDenial("runs:write"));
  const ask = (what: "cancel" | "retry") => {
    cancel.reset();
    retry.reset();
    setAsking(what);
  };

  return (
    <>
      <GuardedButton variant="default" reason={mayRetry} leftSection={<Icon name="retry" size={14} />} onClick={() => ask("retry")}>
        Retry
      </GuardedButton>
      <GuardedButton variant="default" reason={mayCancel} leftSection={<Icon name="stop" size={14} />} onClick={() => ask("cancel")}>
        Cancel run
      </GuardedButton>
      <ConfirmDialog
        opened={asking === "cancel"}
        title={`Cancel ${run.name}`}
        verb="Cancel run"
        danger
        busy={cancel.isPending}
        error={cancel.error}
        onConfirm={() => cancel.mutate()}
        onClose={() => setAsking(null)}
      >
        {run.agent === null
          ? "The run has not started; it will not start any more."
          : "The agent stops the process. What its tasks already wrote elsewhere stays written."}
      </ConfirmDialog>
      <ConfirmDialog
        opened={asking === "retry"}
        title={`Retry ${run.name}`}
        verb="Retry run"
        busy={retry.isPending}
        error={retry.error}
        onConfirm={() => retry.mutate()}
        onClose={() => setAsking(null)}
      >
        Attempt {run.attempt + 1} starts with the same parameters. Everything recorded so far stays.
      </ConfirmDialog>
    </>
  );
}
