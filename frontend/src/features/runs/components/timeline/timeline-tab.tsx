import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { timelineQuery } from "@/features/runs/api/run";
import { ConcurrencyStrip } from "@/features/runs/components/timeline/concurrency-strip";
import { TaskDetail } from "@/features/runs/components/timeline/task-detail";
import { TaskSummaryTable } from "@/features/runs/components/timeline/task-summary-table";
import { TimelineCanvas, type Density } from "@/features/runs/components/timeline/timeline-canvas";
import { TimelineTools } from "@/features/runs/components/timeline/timeline-tools";
import { beforeItsStart } from "@/features/runs/run-model";
import type { RunSearch } from "@/features/runs/run-search";
import { columnsFrom, extent, filterRows } from "@/features/runs/timeline/columns";
import { criticalPath } from "@/features/runs/timeline/critical-path";
import { summarise } from "@/features/runs/timeline/summaries";
import { withRoom, type Viewport } from "@/features/runs/timeline/viewport";
import { useNow } from "@/lib/now";
import { isFinal } from "@/lib/run-state";
import { formatCount, formatDuration, plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { Run } from "@/schema/wire/runs";

import styles from "./timeline.module.css";

interface TimelineTabProps {
  readonly run: Run;
  readonly search: RunSearch;
  readonly onChange: (change: Partial<RunSearch>) => void;
}

const MANY = 400;
const BIG = 20_000;

export function TimelineTab({ run, search, onChange }: TimelineTabProps) {
  const { slug } = useWorkspace();
  const timeline = useQuery(timelineQuery(slug, run.id));
  const [view, setView] = useState<Viewport | null>(null);
  const [shown, setShown] = useState<Viewport | null>(null);
  const [density, setDensity] = useState<Density | null>(null);
  const [showCritical, setShowCritical] = useState(false);
  const now = useNow();

  const columns = useMemo(() => (timeline.data === undefined ? null : columnsFrom(timeline.data)), [timeline.data]);
  const rows = useMemo(
    () => (columns === null ? new Uint32Array() : filterRows(columns, { kinds: search.state, text: search.q })),
    [columns, search.state, search.q],
  );
  const origin = columns?.origin ?? 0;
  // A finished run stands still: nothing recomputes each second.
  // PERF: a big one that still runs is summed up anew every five seconds only.
  const beat = columns !== null && columns.count > BIG ? Math.ceil(now / 5_000) * 5_000 : now;
  const nowMs = isFinal(run.state_type) ? (run.ended_at === null ? 0 : Date.parse(run.ended_at) - origin) : beat - origin;
  const path = useMemo(() => (columns === null ? null : criticalPath(columns, nowMs)), [columns, nowMs]);
  const critical = useMemo(() => new Set(path?.rows), [path]);
  const summaries = useMemo(() => (columns === null ? [] : summarise(columns, nowMs)), [columns, nowMs]);
  const took = useMemo(() => (columns === null ? null : extent(columns, nowMs)), [columns, nowMs]);
  const limits = useMemo(() => (took === null ? null : withRoom(took)), [took]);

  if (timeline.isError) return <ErrorState error={timeline.error} what="timeline" onRetry={() => void timeline.refetch()} />;
  if (columns === null || took === null || limits === null || path === null) {
    return <Skeleton height={560} role="status" aria-label="Loading the timeline" />;
  }
  if (columns.count === 0 && isFinal(run.state_type)) {
    return (
      <EmptyState icon="timeline" title="This run has no task runs">
        {run.started_at === null ? `It ended ${beforeItsStart(run)}.` : "Its flow called no function with @task on it, or ended before the first one."}
      </EmptyState>
    );
  }
  if (columns.count === 0) {
    return (
      <EmptyState
        icon="timeline"
        title="No task runs yet"
        code={"from headway import flow, task\n\n@task\ndef extract(): ...\n\n@flow\ndef main():\n    extract()"}
      >
        A function with @task on it becomes a bar here, with its state, length and what it waited for.
      </EmptyState>
    );
  }
  const show = (next: Viewport | null) => {
    const whole = next !== null && next.from <= limits.from && next.to >= limits.to;
    setView(whole ? null : next);
  };
  const chosen = density ?? (columns.count > MANY ? "lanes" : "rows");
  const selected = search.task === undefined ? -1 : columns.ids.indexOf(search.task);
  return (
    <>
      <TimelineTools
        search={search}
        density={chosen}
        zoomed={shown !== null}
        critical={showCritical}
        onChange={onChange}
        onDensity={(next) => {
          setDensity(next);
          setView(null);
        }}
        onCritical={setShowCritical}
        onFit={() => {
          setView(null);
          if (columns.count > MANY) setDensity("lanes");
        }}
      />
      <div className={styles["layout"]} data-detail={selected >= 0}>
        <div className={styles["canvasColumn"]}>
          <ConcurrencyStrip columns={columns} limits={limits} view={shown} nowMs={nowMs} gutter={chosen === "rows"} onView={show} />
          <TimelineCanvas
            columns={columns}
            rows={rows}
            density={chosen}
            view={view}
            critical={showCritical ? critical : null}
            selected={selected >= 0 ? selected : null}
            nowMs={nowMs}
            onView={show}
            onShown={(next) => {
              if (next?.from !== shown?.from || next?.to !== shown?.to) setShown(next);
            }}
            onSelect={(row) => onChange({ task: row === null ? undefined : columns.ids[row] })}
          />
        </div>
        {selected >= 0 && (
          <TaskDetail run={run} columns={columns} row={selected} nowMs={nowMs} critical={critical.has(selected)} onChange={onChange} />
        )}
      </div>
      <p className={styles["note"]} aria-live="polite">
        {rows.length === columns.count
          ? plural(columns.count, "task run")
          : `${formatCount(rows.length)} of ${plural(columns.count, "task run")}`}
        {path.rows.length > 1 &&
          ` · critical path: ${plural(path.rows.length, "task run")}, ${formatDuration(path.busyMs)} of ${formatDuration(took.to - took.from)}`}
      </p>
      <div style={{ marginTop: 12 }}>
        <TaskSummaryTable
          summaries={summaries}
          onPick={(task, kind) => onChange({ q: task, state: kind === undefined ? undefined : [kind] })}
        />
      </div>
    </>
  );
}
