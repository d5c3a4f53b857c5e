import { Button, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { Icon } from "@/components/ui/icon";
import { PageHeader } from "@/components/ui/page-header";
import { RangePicker } from "@/components/ui/range-picker";
import { answerQuery, metricsQuery } from "@/features/metrics/api/metrics";
import { MetricPicker, PickerSkeleton } from "@/features/metrics/components/metric-picker";
import { QueryChart } from "@/features/metrics/components/query-chart";
import { QueryRow } from "@/features/metrics/components/query-row";
import { formatMetricQuery, parseMetricQuery, usualAggregate, type MetricsSearch } from "@/features/metrics/model";
import { plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { MetricInfo, MetricQuery } from "@/schema/wire/telemetry";

import styles from "./metrics.module.css";

interface MetricsPageProps {
  readonly search: MetricsSearch;
  readonly onChange: (change: Partial<MetricsSearch>) => void;
}

const LETTERS = "ABCDEFGH";

/** How is it developing? */
export function MetricsPage({ search, onChange }: MetricsPageProps) {
  const { slug } = useWorkspace();
  const metrics = useQuery(metricsQuery(slug));
  const answer = useQuery(answerQuery(slug, search));
  const known = metrics.data?.items ?? [];
  const queries = (search.q ?? []).flatMap((text) => parseMetricQuery(text) ?? []);
  const write = (next: readonly MetricQuery[]) => onChange({ q: next.length === 0 ? undefined : next.map(formatMetricQuery) });
  const add = (metric: MetricInfo) => write([...queries, { name: metric.name, aggregate: usualAggregate(metric) }]);
  const last = known.find((metric) => metric.name === queries.at(-1)?.name) ?? known[0];

  return (
    <>
      <PageHeader title="Metrics" answer={metrics.isSuccess && <strong>{plural(known.length, "metric")}</strong>}>
        <RangePicker value={search} onChange={(range) => onChange({ range: range.range, from: range.from, to: range.to })} />
      </PageHeader>
      {metrics.isPending && queries.length === 0 && <PickerSkeleton />}
      {metrics.isError && <ErrorState error={metrics.error} what="metrics" onRetry={() => void metrics.refetch()} />}
      {metrics.isSuccess && known.length === 0 && (
        <EmptyState icon="metrics" title="No metrics yet" code={'from headway import metric\n\nmetric("rows_loaded", 1200, labels={"table": "flights"})'}>
          A number with a name and a time, from a run or from anywhere. It becomes a line here.
        </EmptyState>
      )}
      {known.length > 0 && queries.length === 0 && (
        <MetricPicker metrics={known} range={search} onPick={add} />
      )}
      {queries.length > 0 && (
        <>
          <div className={styles["queries"]}>
            {queries.map((query, index) => (
              <QueryRow
                key={index}
                letter={LETTERS.charAt(index)}
                query={query}
                metrics={known}
                onChange={(next) => write(queries.map((each, at) => (at === index ? next : each)))}
                onRemove={() => write(queries.filter((_, at) => at !== index))}
              />
            ))}
            {queries.length < LETTERS.length && last !== undefined && (
              <div>
                <Button variant="subtle" leftSection={<Icon name="plus" size={13} />} onClick={() => add(last)}>
                  Add a query
                </Button>
              </div>
            )}
          </div>
          {answer.isPending && <Skeleton height={340} role="status" aria-label="Loading the chart" />}
          {answer.isError && <ErrorState error={answer.error} what="chart" onRetry={() => void answer.refetch()} />}
          {answer.data !== undefined && (
            <div className={styles["charts"]} data-stale={answer.isPlaceholderData}>
              {queries.map((query, index) => (
                <QueryChart
                  key={formatMetricQuery(query)}
                  query={query}
                  known={known.some((metric) => metric.name === query.name)}
                  unit={known.find((metric) => metric.name === query.name)?.unit ?? null}
                  answer={answer.data}
                  series={answer.data.results.find((result) => result.query === index)?.series ?? []}
                  onZoom={(from, to) =>
                    onChange({ range: undefined, from: new Date(from).toISOString(), to: new Date(to).toISOString() })
                  }
                />
              ))}
            </div>
          )}
        </>
      )}
    </>
  );
}
