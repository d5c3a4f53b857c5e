import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { ErrorState } from "@/components/ui/error-state";
import { marksQuery, spreadQuery } from "@/features/metrics/api/metrics";
import { readAsked } from "@/features/metrics/asked";
import { SpreadChart } from "@/features/metrics/components/spread-chart";
import { formatMetricQuery } from "@/features/metrics/sentence";
import type { MetricsSearch } from "@/features/metrics/search";
import { useWorkspace } from "@/lib/workspace";
import type { MetricInfo } from "@/schema/wire/telemetry";

import { MarksNote } from "./marks-note";
import styles from "./metrics.module.css";

interface SpreadChartsProps {
  readonly search: MetricsSearch;
  readonly metrics: readonly MetricInfo[];
  readonly onZoom: (from: number, to: number) => void;
}

/** How the values of each query were spread, all its series together. */
export function SpreadCharts({ search, metrics, onZoom }: SpreadChartsProps) {
  const { slug } = useWorkspace();
  const spread = useQuery(spreadQuery(slug, search));
  const marks = useQuery({ ...marksQuery(slug, search), enabled: search.events !== undefined && search.view === "bands" });
  const queries = readAsked(search.q ?? []).flatMap((each) => (each.kind === "query" ? [each] : []));
  if (spread.isError) return <ErrorState error={spread.error} what="chart" onRetry={() => void spread.refetch()} />;
  const { data } = spread;
  if (data === undefined) return <Skeleton height={340} role="status" aria-label="Loading the chart" />;
  return (
    <div className={styles["charts"]} data-stale={spread.isPlaceholderData}>
      {search.events !== undefined && search.view === "bands" && <MarksNote events={search.events} marks={marks} search={search} />}
      {queries.map(({ letter, query }, place) => {
        const found = data.charts[place];
        if (found === undefined) return null;
        const where = formatMetricQuery({ name: query.name, aggregate: "p50", ...(query.where === undefined ? {} : { where: query.where }) });
        return (
          <SpreadChart
            key={letter}
            letter={letter}
            title={where.replace(/^p50\((.*)\)/, "$1")}
            unit={metrics.find((metric) => metric.name === query.name)?.unit ?? null}
            answer={data}
            found={found}
            marks={marks.data?.marks}
            onZoom={onZoom}
          />
        );
      })}
      {queries.length < (search.q ?? []).length && <p className="muted">Formulas have no spread: they are drawn as lines.</p>}
    </div>
  );
}
