import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { runKeys } from "@/features/runs/api/keys";
import { newIdempotencyKey, request, workspaceUrl } from "@/lib/api-client";
import { ApiError } from "@/lib/errors";
import type { Page } from "@/lib/query-client";
import { isFinal } from "@/lib/run-state";
import type { RunTask } from "@/schema/wire/compute";
import type { RunLine } from "@/schema/wire/limits";
import type { LogLevel, LogLine, RetryFrom, Run, RunChange, RunDetail, RunMetric, RunRow, TimelinePage, Transition } from "@/schema/wire/runs";

const url = (workspace: string, id: string, rest = "") => workspaceUrl(workspace, `/runs/${id}${rest}`);

const MOST_TRANSITIONS = 500;
const AROUND_MS = 15_000;

/** What the stream does not tell (sub-runs, questions, whether they ran out of time) is asked for now and then. */
export function runQuery(workspace: string, id: string) {
  return queryOptions({
    queryKey: runKeys.part(workspace, id, "facts"),
    queryFn: ({ signal }) => request<RunDetail>(url(workspace, id), { signal }),
    refetchInterval: ({ state }) => (state.data === undefined || isFinal(state.data.state_type) ? false : AROUND_MS),
  });
}

/** A change as the API or the stream tells it knows nothing of what stands around the run. */
export function withNews(known: RunDetail | undefined, news: Run): RunDetail | undefined {
  return known === undefined ? undefined : { ...known, ...news };
}

export const MOST_SUBRUNS = 100;

/** The runs that it started, newest first. */
export function subrunsQuery(workspace: string, id: string) {
  return queryOptions({
    queryKey: runKeys.part(workspace, id, "subruns"),
    queryFn: ({ signal }) => request<Page<RunRow>>(workspaceUrl(workspace, "/runs"), { signal, query: { parent: id, limit: MOST_SUBRUNS } }),
    refetchInterval: AROUND_MS,
  });
}

export function transitionsQuery(workspace: string, id: string) {
  return queryOptions({
    queryKey: runKeys.part(workspace, id, "transitions"),
    queryFn: ({ signal }) => request<Page<Transition>>(url(workspace, id, "/transitions"), { signal, query: { limit: MOST_TRANSITIONS } }),
  });
}

export function taskTransitionsQuery(workspace: string, id: string, taskRunId: string) {
  return queryOptions({
    queryKey: runKeys.part(workspace, id, "task-transitions", taskRunId),
    queryFn: ({ signal }) =>
      request<Page<Transition>>(url(workspace, id, "/transitions"), { signal, query: { task_run_id: taskRunId } }),
    placeholderData: keepPreviousData,
  });
}

const LINE_REFRESH_MS = 3_000;

/** What a waiting run waits for; asked again while it waits. */
export function lineQuery(workspace: string, id: string) {
  return queryOptions({
    queryKey: runKeys.part(workspace, id, "line"),
    queryFn: ({ signal }) => request<RunLine>(url(workspace, id, "/line"), { signal }),
    refetchInterval: LINE_REFRESH_MS,
  });
}

const ROWS_PER_REQUEST = 20_000;

/** All pages of the timeline; a canvas of half a graph would lie about the rest. */
export function timelineQuery(workspace: string, id: string) {
  return queryOptions({
    queryKey: runKeys.part(workspace, id, "timeline"),
    queryFn: async ({ signal }) => {
      const pages: TimelinePage[] = [];
      let cursor: string | null = null;
      do {
        const page: TimelinePage = await request<TimelinePage>(url(workspace, id, "/timeline"), {
          signal,
          query: { max_rows: ROWS_PER_REQUEST, cursor },
        });
        pages.push(page);
        cursor = page.next_cursor;
      } while (cursor !== null);
      return pages;
    },
    staleTime: 2_000,
    structuralSharing: false, // PERF: comparing 100,000 rows field by field costs more than drawing them
  });
}

export interface LogFilter {
  readonly level?: LogLevel | undefined;
  readonly q?: string | undefined;
  readonly task?: string | undefined;
  readonly order: "asc" | "desc";
}

const LINES_PER_REQUEST = 500;

export function logPage(workspace: string, id: string, filter: LogFilter, cursor: string | null, signal?: AbortSignal) {
  return request<Page<LogLine>>(url(workspace, id, "/logs"), {
    ...(signal === undefined ? {} : { signal }),
    query: {
      level: filter.level,
      q: filter.q,
      task_run_id: filter.task,
      order: filter.order,
      limit: LINES_PER_REQUEST,
      cursor,
    },
  });
}

export function logsQuery(workspace: string, id: string, filter: LogFilter) {
  return infiniteQueryOptions({
    queryKey: runKeys.part(workspace, id, "logs", filter),
    queryFn: ({ pageParam, signal }) => logPage(workspace, id, filter, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    refetchOnWindowFocus: false,
    placeholderData: keepPreviousData,
  });
}

export function runMetricsQuery(workspace: string, id: string) {
  return queryOptions({
    queryKey: runKeys.part(workspace, id, "metrics"),
    queryFn: ({ signal }) => request<{ items: readonly RunMetric[] }>(url(workspace, id, "/metrics"), { signal }),
  });
}

export type Steering = "cancellation" | "pause" | "suspension" | "resumption";

/** Cancel, pause, suspend or resume. */
export function steerRun(workspace: string, id: string, how: Steering): Promise<Run> {
  return request<Run>(url(workspace, id, `/${how}`), { method: "POST", body: {}, idempotencyKey: newIdempotencyKey() });
}

export function retryRun(workspace: string, id: string, from: RetryFrom): Promise<Run> {
  return request<Run>(url(workspace, id, "/retries"), { method: "POST", body: { from }, idempotencyKey: newIdempotencyKey() });
}

export function annotateRun(workspace: string, id: string, body: RunChange): Promise<Run> {
  return request<Run>(url(workspace, id), { method: "PATCH", body });
}

/** The tasks that executed a managed run, newest first; null for a run of any other pool. */
export function computeQuery(workspace: string, id: string) {
  return queryOptions({
    queryKey: runKeys.part(workspace, id, "compute"),
    queryFn: async ({ signal }) => {
      try {
        return (await request<{ items: readonly RunTask[] }>(url(workspace, id, "/compute"), { signal })).items;
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
  });
}
