import { useThrottledCallback } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";

import { runKeys } from "@/features/runs/api/keys";
import { runQuery, transitionsQuery, withNews } from "@/features/runs/api/run";
import { workspaceUrl } from "@/lib/api-client";
import { useLiveStream, type LiveStatus } from "@/lib/live-stream";
import { isFinal } from "@/lib/run-state";
import { useWorkspace } from "@/lib/workspace";
import type { LogLine, Run } from "@/schema/wire/runs";

const TIMELINE_MS = 3_000;
const LINES_KEPT = 20_000;
const FRAME_MS = 100;
const ASKS: readonly string[] = ["AWAITING_APPROVAL", "SUSPENDED"];

/** Keeps a run's facts, states, timeline and log lines up to date until all of it is told. */
export function useLiveRun(run: Run | undefined, id: string): { status: LiveStatus; lines: readonly LogLine[] } {
  const { slug, liveUrl } = useWorkspace();
  const client = useQueryClient();
  const [lines, setLines] = useState<readonly LogLine[]>([]);
  const waiting = useRef<LogLine[]>([]);
  const refreshTimeline = useThrottledCallback(
    () => void client.invalidateQueries({ queryKey: runKeys.part(slug, id, "timeline") }),
    TIMELINE_MS,
  );
  // A chatty run sends hundreds of lines a second; they are drawn in batches, not one by one.
  const flush = useThrottledCallback(() => {
    const fresh = waiting.current;
    waiting.current = [];
    setLines((known) => [...known, ...fresh].slice(-LINES_KEPT));
  }, FRAME_MS);

  // A run's last lines come with its end or after it: the stream says when all is told, not the state.
  const running = run !== undefined && !isFinal(run.state_type);
  const [following, setFollowing] = useState(running);
  if (running && !following) setFollowing(true);
  const status = useLiveStream(following ? `${liveUrl}${workspaceUrl(slug, `/streams/runs/${id}`)}` : null, {
    run: (data) => {
      // An answer on its way may be older than this, and would write over it.
      void client.cancelQueries({ queryKey: runQuery(slug, id).queryKey, exact: true });
      const news = data as Run;
      const before = client.getQueryData(runQuery(slug, id).queryKey);
      client.setQueryData(runQuery(slug, id).queryKey, (known) => withNews(known, news));
      // A question was put or is settled: the stream does not say which.
      if (before !== undefined && before.state !== news.state && [before.state, news.state].some((state) => ASKS.includes(state))) {
        void client.invalidateQueries({ queryKey: runQuery(slug, id).queryKey });
      }
      void client.invalidateQueries({ queryKey: transitionsQuery(slug, id).queryKey });
      refreshTimeline();
    },
    log: (data) => {
      waiting.current.push(data as LogLine);
      flush();
    },
    task_runs: (data) => {
      const { counts } = data as { readonly counts: Run["task_counts"] };
      client.setQueryData(runQuery(slug, id).queryKey, (known) => (known === undefined ? known : { ...known, task_counts: counts }));
      refreshTimeline();
    },
    end: () => {
      setFollowing(false);
      void client.invalidateQueries({ queryKey: runKeys.part(slug, id, "logs") });
    },
  });
  return { status, lines };
}
