import { useMediaQuery } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";

import { useDocumentTop } from "@/components/ui/use-document-top";
import { useRowKeys } from "@/components/ui/use-row-keys";
import { paths } from "@/config/paths";
import { RunRow } from "@/features/runs/components/list/run-row";
import { useNow } from "@/lib/now";
import { elapsed } from "@/lib/time";
import { plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { RunRow as Row } from "@/schema/wire/runs";

import styles from "./run-list.module.css";

interface RunTableProps {
  readonly runs: readonly Row[];
  readonly hasMore: boolean;
  readonly stale: boolean;
  readonly onMore: () => void;
}

const COLUMNS = ["State", "Run", "Deployment", "Source", "Tasks", "", "Duration", "Started"] as const;
const CLASSES = ["state", "run", "where", "source", "tasks", "bar", "duration", "when"] as const;

/** Only the rows on screen are in the page; the list itself may be as long as the history. */
export function RunTable({ runs, hasMore, stale, onMore }: RunTableProps) {
  const { slug: workspace } = useWorkspace();
  const navigate = useNavigate();
  const now = useNow();
  const isPhone = useMediaQuery("(max-width: 768px)") ?? false;
  const body = useRef<HTMLDivElement>(null);
  const margin = useDocumentTop(body);
  const height = isPhone ? 69 : 40;


  const virtualizer = useWindowVirtualizer({
    count: runs.length,
    estimateSize: () => height,
    overscan: 12,
    scrollMargin: margin,
  });
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;

  useEffect(() => virtualizer.measure(), [virtualizer, height]);
  useEffect(() => {
    if (hasMore && last >= runs.length - 20) onMore();
  }, [hasMore, last, runs.length, onMore]);

  const active = useRowKeys(
    runs.length,
    (index) => {
      const run = runs[index];
      if (run !== undefined) void navigate({ to: paths.run, params: { workspace, runId: run.id } });
    },
    (index) => virtualizer.scrollToIndex(index),
  );
  const longest = Math.max(0, ...runs.map((run) => run.duration_ms ?? elapsed(run.started_at, run.ended_at, now) ?? 0));

  return (
    <div className={styles["table"]} role="table" aria-label="Runs" aria-rowcount={hasMore ? -1 : runs.length + 1} data-stale={stale}>
      <div className={styles["head"]} role="row" aria-rowindex={1}>
        {COLUMNS.map((column, index) => (
          <div
            key={CLASSES[index]}
            role="columnheader"
            className={`${styles["cell"]} ${styles[CLASSES[index] ?? ""]} ${["Tasks", "Duration", "Started"].includes(column) ? styles["number"] : ""}`}
          >
            {column === "" ? <span className="visually-hidden">Length</span> : column}
          </div>
        ))}
      </div>
      <div ref={body} role="rowgroup" className={styles["body"]} style={{ height: virtualizer.getTotalSize() }}>
        {items.map((item) => {
          const run = runs[item.index];
          if (run === undefined) return null;
          return (
            <RunRow
              key={run.id}
              run={run}
              index={item.index}
              longestMs={longest}
              now={now}
              active={item.index === active}
              top={item.start - margin}
            />
          );
        })}
      </div>
      <div className={styles["end"]} role="presentation">
        {hasMore ? "Loading more" : `${plural(runs.length, "run")} in this range`}
      </div>
    </div>
  );
}
