import { useThrottledCallback } from "@mantine/hooks";
import { useIsFetching, useQueryClient, type InfiniteData } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useRef, useState } from "react";

import { runKeys } from "@/features/runs/api/keys";
import { runsQuery } from "@/features/runs/api/runs";
import { matchesSearch, type RunsSearch } from "@/features/runs/runs-search";
import { workspaceUrl } from "@/lib/api-client";
import { useLiveStream, type LiveStatus } from "@/lib/live-stream";
import type { Page } from "@/lib/query-client";
import { useWorkspace } from "@/lib/workspace";
import type { RunRow } from "@/schema/wire/runs";

const HISTOGRAM_MS = 5_000;

interface LiveRuns {
  readonly status: LiveStatus;
  readonly waiting: number;
  readonly show: () => void;
}

/** Rows on screen change in place; rows not yet on screen are counted and wait until they are asked for. */
export function useLiveRuns(search: RunsSearch): LiveRuns {
  const { slug, liveUrl } = useWorkspace();
  const client = useQueryClient();
  const { queryKey } = runsQuery(slug, search);
  const signature = JSON.stringify(queryKey);
  const [waiting, setWaiting] = useState<{ readonly of: string; readonly ids: ReadonlySet<string> }>({ of: signature, ids: new Set() });
  const ids = waiting.of === signature ? waiting.ids : new Set<string>();
  const refreshHistogram = useThrottledCallback(
    () => void client.invalidateQueries({ queryKey: runKeys.histograms(slug) }),
    HISTOGRAM_MS,
  );

  const show = (run: RunRow) => {
    const loaded = client.getQueryData<InfiniteData<Page<RunRow>>>(queryKey);
    if (loaded === undefined) return;
    const known = loaded.pages.some((page) => page.items.some((row) => row.id === run.id));
    if (known) client.setQueryData<InfiniteData<Page<RunRow>>>(queryKey, replaceRow(loaded, run));
    else if (isAhead(run, loaded) && matchesSearch(run, search, Date.now())) {
      setWaiting((now) => ({ of: signature, ids: new Set(now.of === signature ? [...now.ids, run.id] : [run.id]) }));
    }
  };
  // A list on its way may have been read before what is told meanwhile, and would write over it.
  const early = useRef<RunRow[]>([]);
  const isFetching = useIsFetching({ queryKey, exact: true }) > 0;
  const showEarly = useEffectEvent(() => {
    for (const run of early.current.splice(0)) show(run);
  });
  useEffect(() => {
    if (!isFetching) showEarly();
  }, [isFetching]);
  const status = useLiveStream(`${liveUrl}${workspaceUrl(slug, "/streams/runs")}`, {
    run: (data) => {
      refreshHistogram();
      if (client.isFetching({ queryKey, exact: true }) > 0) early.current.push(data as RunRow);
      else show(data as RunRow);
    },
  });

  const showAll = () => {
    setWaiting({ of: signature, ids: new Set() });
    window.scrollTo({ top: 0 });
    void client.resetQueries({ queryKey });
  };
  return { status, waiting: ids.size, show: showAll };
}

/** Whether the list has its place among the rows on screen; those further down it loads when it gets there. */
function isAhead(run: RunRow, { pages }: InfiniteData<Page<RunRow>>): boolean {
  const end = pages.at(-1);
  const oldest = end?.items.at(-1);
  return end?.next_cursor == null || oldest === undefined || run.created_at > oldest.created_at;
}

function replaceRow(data: InfiniteData<Page<RunRow>>, run: RunRow): InfiniteData<Page<RunRow>> {
  return {
    ...data,
    pages: data.pages.map((page) => ({ ...page, items: page.items.map((row) => (row.id === run.id ? { ...row, ...run } : row)) })),
  };
}
