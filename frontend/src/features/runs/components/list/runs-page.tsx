import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Skeleton } from "@mantine/core";
import { useCallback, type ReactNode } from "react";

import { StackedHistogram } from "@/components/charts/stacked-histogram";
import { stackByState } from "@/components/charts/state-stack";
import { ErrorState } from "@/components/ui/error-state";
import { LiveBadge } from "@/components/ui/live-badge";
import { NewRowsPill } from "@/components/ui/new-rows-pill";
import { PageHeader } from "@/components/ui/page-header";
import { RangePicker } from "@/components/ui/range-picker";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { runHistogramQuery, runsQuery } from "@/features/runs/api/runs";
import { RunFacets } from "@/features/runs/components/list/run-facets";
import { RunTable } from "@/features/runs/components/list/run-table";
import { RunsAnswer } from "@/features/runs/components/list/runs-answer";
import { RunsEmpty } from "@/features/runs/components/list/runs-empty";
import { useLiveRuns } from "@/features/runs/components/list/use-live-runs";
import type { RunsSearch } from "@/features/runs/runs-search";
import { useWorkspace } from "@/lib/workspace";

import styles from "./run-list.module.css";

interface RunsPageProps {
  readonly search: RunsSearch;
  /** The menu of saved views. */
  readonly views?: ReactNode;
  readonly onChange: (change: Partial<RunsSearch>) => void;
}

/** What ran? */
export function RunsPage({ search, views, onChange }: RunsPageProps) {
  const { slug } = useWorkspace();
  const runs = useInfiniteQuery(runsQuery(slug, search));
  const histogram = useQuery(runHistogramQuery(slug, search));
  const live = useLiveRuns(search);
  const rows = runs.data?.pages.flatMap((page) => page.items) ?? [];
  const { fetchNextPage, isFetchingNextPage } = runs;
  const more = useCallback(() => {
    if (!isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, isFetchingNextPage]);

  return (
    <>
      <PageHeader title="Runs" answer={histogram.isError ? undefined : <RunsAnswer histogram={histogram.data} search={search} onChange={onChange} />}>
        <LiveBadge status={live.status} />
        {views}
        <RangePicker
          value={search}
          onChange={(range) => onChange({ range: range.range, from: range.from, to: range.to })}
        />
      </PageHeader>
      <RunFacets search={search} onChange={onChange} />
      <div className={styles["histogram"]} hidden={histogram.isError}>
        {histogram.data === undefined ? (
          <Skeleton height={114} />
        ) : (
          <StackedHistogram
            buckets={stackByState(histogram.data)}
            stepMs={histogram.data.step_seconds * 1000}
            noun="runs"
            onSelect={(from, to) =>
              onChange({ range: undefined, from: new Date(from).toISOString(), to: new Date(to).toISOString() })
            }
          />
        )}
      </div>
      <NewRowsPill count={live.waiting} noun={live.waiting === 1 ? "run" : "runs"} onShow={live.show} />
      {runs.isPending && <SkeletonRows rows={16} height={40} label="runs" />}
      {runs.isError && <ErrorState error={runs.error} what="runs" onRetry={() => void runs.refetch()} />}
      {runs.isSuccess && rows.length === 0 && <RunsEmpty search={search} onChange={onChange} />}
      {runs.isSuccess && rows.length > 0 && (
        <RunTable runs={rows} hasMore={runs.hasNextPage} stale={runs.isPlaceholderData} onMore={more} />
      )}
    </>
  );
}
