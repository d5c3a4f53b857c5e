import { Checkbox, NumberInput, Skeleton } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { ErrorState } from "@/components/ui/error-state";
import { Facts } from "@/components/ui/facts";
import { FormDialog } from "@/components/ui/form-dialog";
import { GuardedButton } from "@/components/ui/guarded-button";
import { JsonView } from "@/components/ui/json-view";
import { PageHeader } from "@/components/ui/page-header";
import { Panel } from "@/components/ui/panel";
import { RelativeTime } from "@/components/ui/relative-time";
import { paths } from "@/config/paths";
import { backfillKeys, backfillQuery, cancelBackfill, changeBackfill, pauseBackfill } from "@/features/backfills/api/backfills";
import { BackfillParts } from "@/features/backfills/components/backfill-parts";
import { ProgressBar } from "@/features/backfills/components/progress-bar";
import { BACKFILL_WORDS, isOver, titleOf, type BackfillSearch } from "@/features/backfills/model";
import { asApiError } from "@/lib/errors";
import { useMay } from "@/lib/may";
import { formatCount, formatDuration, formatRatio } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { Backfill } from "@/schema/wire/backfills";

import styles from "./backfills.module.css";

interface BackfillPageProps {
  readonly backfillId: string;
  readonly search: BackfillSearch;
  readonly onChange: (change: Partial<BackfillSearch>) => void;
}

/** How far is it, and what of it went wrong? */
export function BackfillPage({ backfillId, search, onChange }: BackfillPageProps) {
  const { slug: workspace } = useWorkspace();
  const backfill = useQuery(backfillQuery(workspace, backfillId));
  if (backfill.isError) return <ErrorState error={backfill.error} what="backfill" onRetry={() => void backfill.refetch()} />;
  const { data } = backfill;
  if (data === undefined) {
    return (
      <div role="status" aria-label="Loading the backfill">
        <Skeleton height={28} width={280} mb={12} />
        <Skeleton height={160} />
      </div>
    );
  }
  return (
    <>
      <nav aria-label="Where this backfill belongs" className={styles["crumbs"]}>
        <Link to={paths.backfills} params={{ workspace }} className="link">
          Backfills
        </Link>
        <span aria-hidden="true">/</span>
        <Link to={paths.backfills} params={{ workspace }} search={{ deployment: data.deployment.id }} className="link">
          {data.deployment.name}
        </Link>
      </nav>
      <PageHeader
        title={titleOf(data)}
        answer={
          <>
            <strong>{BACKFILL_WORDS[data.state]}</strong>, {formatRatio(data.progress)} of {formatCount(data.parts_total)} parts ended
            {data.seconds_left !== null && !isOver(data) && ` · about ${formatDuration(data.seconds_left * 1_000)} left`}
          </>
        }
      >
        <Steering backfill={data} />
      </PageHeader>
      <div className={styles["stack"]}>
        <ProgressBar backfill={data} />
        <Facts
          facts={[
            {
              term: "Deployment",
              value: (
                <Link to={paths.deployment} params={{ workspace, deploymentId: data.deployment.id }} className="link">
                  {data.flow.name} / {data.deployment.name}
                </Link>
              ),
            },
            { term: "Parameter", value: <span className="mono">{data.parameter}</span> },
            { term: "At once", value: formatCount(data.concurrency) },
            { term: "Priority", value: String(data.priority) },
            { term: "Begun", value: <RelativeTime at={data.created_at} /> },
            ...(data.ended_at === null ? [] : [{ term: "Ended", value: <RelativeTime at={data.ended_at} /> }]),
            ...(data.created_by === null ? [] : [{ term: "By", value: data.created_by.name }]),
          ]}
        />
        {Object.keys(data.parameters).length > 0 && (
          <Panel title="Own parameters">
            <JsonView value={data.parameters} label="parameters" tools={false} copyable />
          </Panel>
        )}
        <BackfillParts backfill={data} state={search.state} onState={(state) => onChange({ state })} />
      </div>
    </>
  );
}

function Steering({ backfill }: { readonly backfill: Backfill }) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const write = useMay(backfill.may, "runs:write");
  const cancel = useMay(backfill.may, "runs:cancel");
  const [open, setOpen] = useState<"concurrency" | "cancel" | null>(null);
  const [much, setMuch] = useState<number | string>(backfill.concurrency);
  const [running, setRunning] = useState(false);
  const done = async () => {
    await client.invalidateQueries({ queryKey: backfillKeys.all(slug) });
    setOpen(null);
  };
  const pause = useMutation({
    mutationFn: () => pauseBackfill(slug, backfill.id, backfill.state === "RUNNING"),
    onSuccess: done,
    onError: (error) => notifications.show({ color: "red", message: asApiError(error).message }),
  });
  const change = useMutation({ mutationFn: () => changeBackfill(slug, backfill.id, Number(much)), onSuccess: done });
  const end = useMutation({ mutationFn: () => cancelBackfill(slug, backfill.id, running), onSuccess: done });
  const over = isOver(backfill) ? "It is over." : null;
  return (
    <>
      <GuardedButton variant="default" reason={over ?? write} loading={pause.isPending} onClick={() => pause.mutate()}>
        {backfill.state === "PAUSED" ? "Resume" : "Pause"}
      </GuardedButton>
      <GuardedButton variant="default" reason={over ?? write} onClick={() => setOpen("concurrency")}>
        How many at once
      </GuardedButton>
      <GuardedButton variant="default" reason={over ?? cancel} onClick={() => setOpen("cancel")}>
        Cancel the rest
      </GuardedButton>
      {open === "concurrency" && (
        <FormDialog
          title="How many go on at once"
          verb="Save"
          gap={typeof much === "number" && much >= 1 ? null : "Say how many."}
          busy={change.isPending}
          error={change.error}
          onSubmit={() => change.mutate()}
          onClose={() => setOpen(null)}
        >
          <NumberInput label="At once" description="What goes on is not stopped." min={1} allowDecimal={false} value={much} onChange={setMuch} data-autofocus />
        </FormDialog>
      )}
      <ConfirmDialog
        opened={open === "cancel"}
        title="Cancel the rest of this backfill"
        verb="Cancel the rest"
        danger
        busy={end.isPending}
        error={end.error}
        onConfirm={() => end.mutate()}
        onClose={() => setOpen(null)}
      >
        <p style={{ marginTop: 0 }}>Nothing more is made, and what waits is cancelled. It can’t be taken up again.</p>
        <Checkbox label="Cancel what is executing too" checked={running} onChange={(event) => setRunning(event.currentTarget.checked)} />
      </ConfirmDialog>
    </>
  );
}
