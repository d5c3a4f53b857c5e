import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { runKeys } from "@/features/runs/api/keys";
import { retryRun, runQuery, steerRun, withNews, type Steering } from "@/features/runs/api/run";
import { HoldDialog } from "@/features/runs/components/run/hold-dialog";
import { RetryDialog } from "@/features/runs/components/run/retry-dialog";
import { cancelDenial, copyDenial, pauseDenial, resumeDenial, retryDenial, suspendDenial } from "@/features/runs/run-model";
import { asApiError } from "@/lib/errors";
import { isFinal } from "@/lib/run-state";
import { plural } from "@/lib/units";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { RetryFrom, Run, RunDetail } from "@/schema/wire/runs";

export type Copying = (run: RunDetail, onClose: () => void) => ReactNode;

interface RunActionsProps {
  readonly run: RunDetail;
  /** The form that runs it again with other parameters. */
  readonly copying: Copying;
}

const DONE: Readonly<Record<Steering, string>> = {
  cancellation: "Cancelling the run",
  pause: "The run is paused",
  suspension: "The run leaves as soon as it can",
  resumption: "The run goes on",
};

/** What can be done with a run; what is not possible now stays visible and says why. */
export function RunActions({ run, copying }: RunActionsProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const [asking, setAsking] = useState<"cancel" | "retry" | "hold" | "copy" | null>(null);
  const settle = (words: string) => (changed: Run) => {
    client.setQueryData(runQuery(slug, run.id).queryKey, (known) => withNews(known, changed));
    void client.invalidateQueries({ queryKey: runKeys.all(slug) });
    notifications.show({ message: words });
    setAsking(null);
  };
  const steer = useMutation({ mutationFn: (how: Steering) => steerRun(slug, run.id, how), onSuccess: (changed, how) => settle(DONE[how])(changed) });
  const retry = useMutation({ mutationFn: (from: RetryFrom) => retryRun(slug, run.id, from), onSuccess: settle("The run will start again") });
  const mayWrite = useDenial("runs:write");
  const mayCancel = cancelDenial(run, useDenial("runs:cancel"));
  const ask = (what: typeof asking) => {
    steer.reset();
    retry.reset();
    setAsking(what);
  };
  const isHeld = run.state === "PAUSED" || run.state === "SUSPENDED";
  const resume = () =>
    steer.mutate("resumption", { onError: (error) => notifications.show({ color: "red", message: asApiError(error).message }) });

  return (
    <>
      {isHeld && (
        <GuardedButton reason={resumeDenial(run, mayWrite)} loading={steer.isPending && asking === null} leftSection={<Icon name="play" size={13} />} onClick={resume}>
          Resume
        </GuardedButton>
      )}
      {(run.state === "PAUSED" || run.state === "AWAITING_APPROVAL") && (
        <GuardedButton variant="default" reason={suspendDenial(run, mayWrite)} leftSection={<Icon name="pause" size={13} />} onClick={() => ask("hold")}>
          Suspend
        </GuardedButton>
      )}
      {!isFinal(run.state_type) && run.state_type !== "PAUSED" && (
        <GuardedButton variant="default" reason={pauseDenial(run, mayWrite)} leftSection={<Icon name="pause" size={13} />} onClick={() => ask("hold")}>
          Pause
        </GuardedButton>
      )}
      {isFinal(run.state_type) && (
        <GuardedButton variant="default" reason={retryDenial(run, mayWrite)} leftSection={<Icon name="retry" size={14} />} onClick={() => ask("retry")}>
          Retry
        </GuardedButton>
      )}
      <GuardedButton variant="default" reason={copyDenial(run, mayWrite)} leftSection={<Icon name="copy" size={13} />} onClick={() => ask("copy")}>
        Run again
      </GuardedButton>
      <GuardedButton variant="default" reason={mayCancel} leftSection={<Icon name="stop" size={14} />} onClick={() => ask("cancel")}>
        Cancel run
      </GuardedButton>
      <ConfirmDialog
        opened={asking === "cancel"}
        title={`Cancel ${run.name}`}
        verb="Cancel run"
        danger
        busy={steer.isPending}
        error={steer.error}
        onConfirm={() => steer.mutate("cancellation")}
        onClose={() => setAsking(null)}
      >
        {run.agent === null
          ? "The run has not started; it will not start any more."
          : "Its process is asked to stop, and killed when it does not within 10 seconds. What its tasks already wrote elsewhere stays written."}
        {run.children > 0 && ` The ${plural(run.children, "run")} that it started ${run.children === 1 ? "is" : "are"} cancelled with it, as far as unfinished.`}
      </ConfirmDialog>
      {asking === "retry" && <RetryDialog run={run} busy={retry.isPending} error={retry.error} onRetry={(from) => retry.mutate(from)} onClose={() => setAsking(null)} />}
      {asking === "hold" && (
        <HoldDialog run={run} suspendDenial={suspendDenial(run, mayWrite)} busy={steer.isPending} error={steer.error} onHold={(how) => steer.mutate(how)} onClose={() => setAsking(null)} />
      )}
      {asking === "copy" && copying(run, () => setAsking(null))}
    </>
  );
}
