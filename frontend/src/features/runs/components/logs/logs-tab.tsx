import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useLocalStorage } from "@mantine/hooks";
import { useState } from "react";

import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { logsQuery } from "@/features/runs/api/run";
import { LogLines } from "@/features/runs/components/logs/log-lines";
import { LogTools } from "@/features/runs/components/logs/log-tools";
import { matchesFilter, mergeLines } from "@/features/runs/logs/model";
import type { RunSearch } from "@/features/runs/run-search";
import { isFinal } from "@/lib/run-state";
import { useWorkspace } from "@/lib/workspace";
import type { LogLine, Run } from "@/schema/wire/runs";

interface LogsTabProps {
  readonly run: Run;
  readonly search: RunSearch;
  readonly live: readonly LogLine[];
  readonly onChange: (change: Partial<RunSearch>) => void;
}

/** A running run is read from its end and followed, a finished one from its start. */
export function LogsTab({ run, search, live, onChange }: LogsTabProps) {
  const { slug } = useWorkspace();
  const finished = isFinal(run.state_type);
  const [fromEnd, setFromEnd] = useState(!finished);
  const [wrap, setWrap] = useLocalStorage({ key: "headway-log-wrap", defaultValue: true });
  const filter = { level: search.level, q: search.q, task: search.task };
  const order = fromEnd ? "desc" : "asc";
  const logs = useInfiniteQuery(logsQuery(slug, run.id, { ...filter, order }));
  const loaded = logs.data?.pages.flatMap((page) => page.items) ?? [];
  const stored = fromEnd ? [...loaded].reverse() : loaded;
  const atEnd = fromEnd || !logs.hasNextPage;
  const lines = atEnd ? mergeLines(stored, live.filter((line) => matchesFilter(line, filter))) : stored;
  const filtered = search.level !== undefined || search.q !== undefined || search.task !== undefined;

  return (
    <>
      <LogTools
        run={run}
        search={search}
        wrap={wrap}
        fromEnd={fromEnd}
        onChange={onChange}
        onWrap={setWrap}
        onFromEnd={setFromEnd}
      />
      {logs.isPending && <SkeletonRows rows={14} height={22} label="logs" />}
      {logs.isError && <ErrorState error={logs.error} what="logs" onRetry={() => void logs.refetch()} />}
      {logs.isSuccess && lines.length === 0 && (
        <EmptyState
          icon="logs"
          title={filtered ? "No line matches" : "No lines yet"}
          {...(filtered ? {} : { code: 'from headway import get_logger\n\nget_logger().info("rows loaded: %s", rows)' })}
          action={
            filtered ? (
              <Button variant="subtle" onClick={() => onChange({ level: undefined, q: undefined, task: undefined })}>
                Clear filters
              </Button>
            ) : undefined
          }
        >
          {filtered ? "No log line of this run has these filters." : "What the run logs or prints shows up here as it happens."}
        </EmptyState>
      )}
      {lines.length > 0 && (
        <LogLines
          lines={lines}
          wrap={wrap}
          needle={search.q ?? ""}
          follow={fromEnd && !finished}
          hasEarlier={fromEnd && logs.hasNextPage}
          hasLater={!fromEnd && logs.hasNextPage}
          loading={logs.isFetchingNextPage}
          onMore={() => void logs.fetchNextPage()}
          onTask={(task) => onChange({ task })}
        />
      )}
    </>
  );
}
