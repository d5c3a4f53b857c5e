import { Button, Menu, Select, Skeleton } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useRef, type ReactNode } from "react";

import { StackedHistogram } from "@/components/charts/stacked-histogram";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { PageHeader } from "@/components/ui/page-header";
import { QueryBar } from "@/components/ui/query-bar";
import { RangePicker } from "@/components/ui/range-picker";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { useRowKeys } from "@/components/ui/use-row-keys";
import { downloadUrl, logsQuery, logVolumeQuery } from "@/features/logs/api/logs";
import { LogRow } from "@/features/logs/components/log-row";
import { VolumePanel } from "@/features/logs/components/volume-panel";
import { isNarrowed, levelBuckets, LEVELS, logVocabulary, markedWords, type LogsSearch } from "@/features/logs/model";
import { useNow } from "@/lib/now";
import { queryFault } from "@/lib/query-fault";
import { formatExact, rangeInSentence } from "@/lib/time";
import { formatBytes, plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { LogLevel, LogVolume } from "@/schema/wire/runs";

import styles from "./logs.module.css";

interface LogsPageProps {
  readonly search: LogsSearch;
  /** The menu of saved views. */
  readonly views?: ReactNode;
  readonly onChange: (change: Partial<LogsSearch>) => void;
}

const COLORS: Readonly<Record<LogLevel, string>> = {
  DEBUG: "var(--text-muted)",
  INFO: "var(--series-1)",
  WARNING: "var(--state-late)",
  ERROR: "var(--state-failed)",
  CRITICAL: "var(--state-crashed)",
};

/** What was written, anywhere? */
export function LogsPage({ search, views, onChange }: LogsPageProps) {
  const { slug } = useWorkspace();
  const now = useNow();
  const found = useInfiniteQuery(logsQuery(slug, search));
  const volume = useQuery(logVolumeQuery(slug, search));
  const fault = queryFault(found.error);
  const pages = fault === null ? (found.data?.pages ?? []) : [];
  const lines = pages.flatMap((page) => page.items);
  const runs = new Map(pages.flatMap((page) => page.runs).map((run) => [run.id, run]));
  const searchedTo = pages.at(-1)?.searched_to ?? null;
  const written = volume.data?.levels.flatMap((each) => each.buckets) ?? [];
  const total = written.reduce((sum, [count = 0, bytes = 0]) => ({ lines: sum.lines + count, bytes: sum.bytes + bytes }), { lines: 0, bytes: 0 });
  const showDay = lines[0]?.occurred_at.slice(0, 10) !== lines.at(-1)?.occurred_at.slice(0, 10);
  const narrowed = isNarrowed(search);
  const needles = markedWords(search.q);
  const list = useRef<HTMLDivElement>(null);
  const toggle = (line: string | undefined) => onChange({ line: search.line === line ? undefined : line });
  const active = useRowKeys(
    lines.length,
    (index) => toggle(lines[index]?.id),
    (index) => list.current?.children[index]?.scrollIntoView({ block: "nearest" }),
  );
  return (
    <>
      <PageHeader
        title="Logs"
        answer={
          volume.data !== undefined && (
            <>
              <strong>{plural(total.lines, "line")}</strong> written{narrowed && " in all"}, {formatBytes(total.bytes)} · {rangeInSentence(search)}
            </>
          )
        }
      >
        <Menu position="bottom-end">
          <Menu.Target>
            <Button variant="default">Download</Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item component="a" href={downloadUrl(slug, search, "text", now)} download>
              As text
            </Menu.Item>
            <Menu.Item component="a" href={downloadUrl(slug, search, "ndjson", now)} download>
              As NDJSON
            </Menu.Item>
            <Menu.Label>The newest 200,000 lines found</Menu.Label>
          </Menu.Dropdown>
        </Menu>
        {views}
        <RangePicker value={search} onChange={(range) => onChange({ range: range.range, from: range.from, to: range.to })} />
      </PageHeader>
      <div className={styles["bar"]}>
        <QueryBar
          value={search.q ?? ""}
          label="Search logs"
          placeholder='any word, "two words", -not this, logger:etl.*, then Enter'
          vocabulary={logVocabulary(lines)}
          fault={fault}
          onSubmit={(q) => onChange({ q: q === "" ? undefined : q, line: undefined })}
        />
        <Select
          aria-label="Least level"
          size="sm"
          w={150}
          data={LEVELS.map((level) => ({ value: level, label: level === "DEBUG" ? "All levels" : `${level.toLowerCase()} and up` }))}
          value={search.level ?? "DEBUG"}
          allowDeselect={false}
          onChange={(level) => onChange({ level: level === "DEBUG" ? undefined : (level as LogLevel), line: undefined })}
        />
        {search.run_id !== undefined && (
          <Button variant="default" onClick={() => onChange({ run_id: undefined })}>
            Of one run only ×
          </Button>
        )}
      </div>
      <div className={styles["layout"]}>
        <div style={{ minWidth: 0 }}>
          {!volume.isError && <VolumeOverTime volume={volume.data} onZoom={onChange} />}
          {found.isPending && <SkeletonRows rows={16} height={26} label="log lines" />}
          {found.isError && fault === null && <ErrorState error={found.error} what="logs" onRetry={() => void found.refetch()} />}
          {found.isSuccess && lines.length === 0 && (
            <EmptyState
              icon="logs"
              title={searchedTo !== null ? "Nothing found so far" : narrowed ? "No line matches" : "Nothing was written in this range"}
              {...(narrowed ? {} : { code: 'from headway import flow, get_logger\n\n@flow\ndef load():\n    get_logger().info("loading")' })}
            >
              {narrowed ? "Widen the range, or take a word out of the search." : "What runs print and log comes here, and what OpenTelemetry sends."}
            </EmptyState>
          )}
          {lines.length > 0 && (
            <div ref={list} className={styles["list"]} role="feed" aria-label="Log lines" aria-busy={found.isFetching}>
              {lines.map((line, index) => (
                <article key={line.id} aria-posinset={index + 1} aria-setsize={-1} aria-label={`${line.level} ${line.message.slice(0, 80)}`}>
                  <LogRow
                    line={line}
                    run={line.run_id === null ? undefined : runs.get(line.run_id)}
                    needles={needles}
                    showDay={showDay}
                    open={search.line === line.id}
                    active={index === active}
                    onToggle={() => toggle(line.id)}
                  />
                </article>
              ))}
            </div>
          )}
          {fault === null && (found.hasNextPage || lines.length > 0) && (
            <p className={styles["further"]}>
              {searchedTo !== null && `Looked back to ${formatExact(searchedTo)}, then the time was up. `}
              {found.hasNextPage ? (
                <Button size="compact-sm" variant="default" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
                  {searchedTo === null ? "Show earlier lines" : "Look further back"}
                </Button>
              ) : (
                `${plural(lines.length, "line")} in this range`
              )}
            </p>
          )}
        </div>
        <aside aria-label="Volume by deployment">
          <VolumePanel
            volume={volume.data}
            failed={volume.isError}
            chosen={search.deployment_id}
            onChoose={(deployment_id) => onChange({ deployment_id, run_id: undefined, line: undefined })}
          />
        </aside>
      </div>
    </>
  );
}

function VolumeOverTime({ volume, onZoom }: { readonly volume: LogVolume | undefined; readonly onZoom: (change: Partial<LogsSearch>) => void }) {
  return (
    <div className={styles["histogram"]}>
      {volume === undefined ? (
        <Skeleton height={90} />
      ) : (
        <StackedHistogram
          height={64}
          stepMs={volume.step_seconds * 1000}
          noun="bytes"
          format={formatBytes}
          buckets={levelBuckets(volume).map((bucket) => ({
            at: bucket.at,
            parts: LEVELS.map((level) => ({ key: level, label: level.toLowerCase(), color: COLORS[level], value: bucket.bytes[level] ?? 0, quiet: level === "DEBUG" })),
          }))}
          onSelect={(from, to) => onZoom({ range: undefined, from: new Date(from).toISOString(), to: new Date(to).toISOString() })}
        />
      )}
    </div>
  );
}
