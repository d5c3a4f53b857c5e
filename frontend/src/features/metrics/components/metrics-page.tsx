import { useQuery } from "@tanstack/react-query";

import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { PageHeader } from "@/components/ui/page-header";
import { RangePicker } from "@/components/ui/range-picker";
import { metricsQuery } from "@/features/metrics/api/metrics";
import { readAsked } from "@/features/metrics/asked";
import { AskedRows } from "@/features/metrics/components/asked-rows";
import { LineCharts } from "@/features/metrics/components/line-charts";
import { MetricPicker, PickerSkeleton } from "@/features/metrics/components/metric-picker";
import { PageOptions } from "@/features/metrics/components/page-options";
import { SpreadCharts } from "@/features/metrics/components/spread-charts";
import { AddToDashboard } from "@/features/metrics/dashboards/components/add-to-dashboard";
import { usualAggregate } from "@/features/metrics/model";
import type { MetricsSearch } from "@/features/metrics/search";
import { formatMetricQuery } from "@/features/metrics/sentence";
import { plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";

interface MetricsPageProps {
  readonly search: MetricsSearch;
  readonly onChange: (change: Partial<MetricsSearch>) => void;
}

/** How is it developing? */
export function MetricsPage({ search, onChange }: MetricsPageProps) {
  const { slug } = useWorkspace();
  const metrics = useQuery(metricsQuery(slug));
  const known = metrics.data?.items ?? [];
  const asked = readAsked(search.q ?? []);
  const zoom = (from: number, to: number) =>
    onChange({ range: undefined, from: new Date(from).toISOString(), to: new Date(to).toISOString() });

  return (
    <>
      <PageHeader title="Metrics" answer={metrics.isSuccess && <strong>{plural(known.length, "metric")}</strong>}>
        <RangePicker value={search} onChange={(range) => onChange({ range: range.range, from: range.from, to: range.to })} />
      </PageHeader>
      {metrics.isPending && asked.length === 0 && <PickerSkeleton />}
      {metrics.isError && <ErrorState error={metrics.error} what="metrics" onRetry={() => void metrics.refetch()} />}
      {metrics.isSuccess && known.length === 0 && (
        <EmptyState icon="metrics" title="No metrics yet" code={'from headway import metric\n\nmetric("rows_loaded", 1200, labels={"table": "flights"})'}>
          A number with a name and a time, from a run or from anywhere. It becomes a line here.
        </EmptyState>
      )}
      {known.length > 0 && asked.length === 0 && (
        <MetricPicker
          metrics={known}
          range={search}
          onPick={(metric) => onChange({ q: [formatMetricQuery({ name: metric.name, aggregate: usualAggregate(metric) })] })}
        />
      )}
      {asked.length > 0 && (
        <>
          <AskedRows search={search} metrics={known} onChange={onChange} />
          <PageOptions search={search} onChange={onChange}>
            <AddToDashboard search={search} />
          </PageOptions>
          {search.view === undefined ? (
            <LineCharts search={search} metrics={known} onZoom={zoom} />
          ) : (
            <SpreadCharts search={search} metrics={known} onZoom={zoom} />
          )}
        </>
      )}
    </>
  );
}
