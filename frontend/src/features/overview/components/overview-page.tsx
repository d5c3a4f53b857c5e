import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useThrottledCallback } from "@mantine/hooks";

import { ErrorState } from "@/components/ui/error-state";
import { LiveBadge } from "@/components/ui/live-badge";
import { PageHeader } from "@/components/ui/page-header";
import { RangePicker } from "@/components/ui/range-picker";
import { overviewKeys, overviewQuery } from "@/features/overview/api/overview";
import { AttentionStrip } from "@/features/overview/components/attention-strip";
import { ChecklistPanel } from "@/features/overview/components/checklist-panel";
import { FlowsTable } from "@/features/overview/components/flows-table";
import { OverviewHistogram } from "@/features/overview/components/overview-histogram";
import { OverviewSkeleton } from "@/features/overview/components/overview-skeleton";
import { totalRuns } from "@/features/overview/model";
import { workspaceUrl } from "@/lib/api-client";
import { useLiveStream } from "@/lib/live-stream";
import type { RangeSearch } from "@/lib/time";
import { useWorkspace } from "@/lib/workspace";

import styles from "./overview.module.css";

const REFRESH_MS = 3_000;

interface OverviewPageProps {
  readonly search: RangeSearch;
  readonly onRange: (range: RangeSearch) => void;
}

/** Is everything all right? */
export function OverviewPage({ search, onRange }: OverviewPageProps) {
  const { slug, liveUrl } = useWorkspace();
  const client = useQueryClient();
  const overview = useQuery(overviewQuery(slug, search));
  const refresh = useThrottledCallback(
    () => void client.invalidateQueries({ queryKey: overviewKeys.all(slug) }),
    REFRESH_MS,
  );
  const live = useLiveStream(`${liveUrl}${workspaceUrl(slug, "/streams/runs")}`, { run: refresh });
  const { data } = overview;
  const steps = data === undefined ? [] : Object.values(data.checklist);
  const isNew = steps.some((done) => !done);

  return (
    <>
      <PageHeader title="Home">
        <LiveBadge status={live} />
        <RangePicker value={search} onChange={onRange} />
      </PageHeader>
      {data === undefined && overview.isPending && <OverviewSkeleton />}
      {overview.isError && <ErrorState error={overview.error} what="overview" onRetry={() => void overview.refetch()} />}
      {data !== undefined && (
        <div className={styles["stack"]} data-stale={overview.isPlaceholderData}>
          <p className={styles["sentence"]}>{data.sentence}</p>
          <AttentionStrip rows={data.attention} />
          {isNew && <ChecklistPanel checklist={data.checklist} />}
          {(!isNew || totalRuns(data.counts) > 0) && <OverviewHistogram overview={data} search={search} onRange={onRange} />}
          <FlowsTable flows={data.flows} search={search} />
        </div>
      )}
    </>
  );
}
