import { Skeleton } from "@mantine/core";
import { useIntersection } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { ErrorState } from "@/components/ui/error-state";
import { SearchInput } from "@/components/ui/search-input";
import { useRowKeys } from "@/components/ui/use-row-keys";
import { glanceQuery } from "@/features/metrics/api/metrics";
import { MetricCard, type Glance } from "@/features/metrics/components/metric-card";
import { GLANCE_BATCH, inBatches } from "@/features/metrics/model";
import type { RangeSearch } from "@/lib/time";
import { useWorkspace } from "@/lib/workspace";
import type { MetricInfo } from "@/schema/wire/telemetry";

import styles from "./metrics.module.css";

interface MetricPickerProps {
  readonly metrics: readonly MetricInfo[];
  readonly range: RangeSearch;
  readonly onPick: (metric: MetricInfo) => void;
}

/** All metrics with their lines, for a page that asks nothing yet. */
export function MetricPicker({ metrics, range, onPick }: MetricPickerProps) {
  const [needle, setNeedle] = useState("");
  const matches = (metric: MetricInfo) => metric.name.toLowerCase().includes(needle.toLowerCase());
  const shown = metrics.filter(matches);
  const active = useRowKeys(shown.length, (index) => {
    const metric = shown[index];
    if (metric !== undefined) onPick(metric);
  });
  return (
    <>
      <div style={{ marginBottom: 12 }}>
        <SearchInput value={needle} label="Search metrics" onChange={setNeedle} />
      </div>
      <div className={styles["batches"]}>
        {/* Batches are made of all metrics, so that a search asks the server nothing. */}
        {inBatches(metrics, GLANCE_BATCH).map((batch) => (
          <Batch
            key={batch[0]?.name}
            batch={batch}
            shown={batch.filter(matches)}
            range={range}
            active={shown[active]?.name}
            onPick={onPick}
          />
        ))}
      </div>
      {shown.length === 0 && <p className="muted">No metric is called that.</p>}
    </>
  );
}

interface BatchProps {
  readonly batch: readonly MetricInfo[];
  readonly shown: readonly MetricInfo[];
  readonly range: RangeSearch;
  readonly active: string | undefined;
  readonly onPick: (metric: MetricInfo) => void;
}

/** As many cards as one request draws; it is sent when the first of them comes into view. */
function Batch({ batch, shown, range, active, onPick }: BatchProps) {
  const { slug } = useWorkspace();
  const { ref, entry } = useIntersection<HTMLDivElement>({ rootMargin: "200px" });
  const [seen, setSeen] = useState(false);
  if (!seen && entry?.isIntersecting === true) setSeen(true);
  const query = useQuery({ ...glanceQuery(slug, range, batch), enabled: seen && shown.length > 0 });
  const { data } = query;
  const glanceOf = (metric: MetricInfo): Glance => {
    if (data === undefined) return { status: query.isError ? "failed" : "pending" };
    return {
      status: "drawn",
      points: data.lines.get(metric.name) ?? [],
      from: Date.parse(data.from),
      to: Date.parse(data.to),
      stepSeconds: data.step_seconds,
    };
  };
  return (
    <div ref={ref}>
      {query.isError && data === undefined && shown.length > 0 && (
        <div style={{ marginBottom: 8 }}>
          <ErrorState error={query.error} what="charts" onRetry={() => void query.refetch()} />
        </div>
      )}
      <div className={styles["pick"]} data-stale={query.isPlaceholderData} hidden={shown.length === 0}>
        {shown.map((metric) => (
          <MetricCard
            key={metric.name}
            metric={metric}
            glance={glanceOf(metric)}
            active={metric.name === active}
            onPick={() => onPick(metric)}
          />
        ))}
      </div>
    </div>
  );
}

export function PickerSkeleton() {
  return (
    <div className={styles["pick"]} role="status" aria-label="Loading metrics">
      {Array.from({ length: 8 }, (_, index) => (
        <Skeleton key={index} height={112} radius={8} />
      ))}
    </div>
  );
}
