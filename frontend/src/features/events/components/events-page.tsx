import { Button, Skeleton } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useCallback, useState } from "react";

import { StackedHistogram } from "@/components/charts/stacked-histogram";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { LiveBadge } from "@/components/ui/live-badge";
import { PageHeader } from "@/components/ui/page-header";
import { Panel } from "@/components/ui/panel";
import { RangePicker } from "@/components/ui/range-picker";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { eventHistogramQuery, eventsQuery } from "@/features/events/api/events";
import { EventFeed } from "@/features/events/components/event-feed";
import { QueryBar } from "@/features/events/components/query-bar";
import { useLiveTail } from "@/features/events/components/use-live-tail";
import { eventFilters, type EventsSearch } from "@/features/events/model";
import { rangeLabel } from "@/lib/time";
import { formatCompact, formatCount, plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";

import styles from "./events.module.css";

interface EventsPageProps {
  readonly search: EventsSearch;
  readonly onChange: (change: Partial<EventsSearch>) => void;
}

/** What happens in the stack? */
export function EventsPage({ search, onChange }: EventsPageProps) {
  const { slug } = useWorkspace();
  const [tailing, setTailing] = useState(false);
  const feed = useInfiniteQuery(eventsQuery(slug, search));
  const histogram = useQuery(eventHistogramQuery(slug, search));
  const tail = useLiveTail(tailing, search);
  const stored = feed.data?.pages.flatMap((page) => page.items) ?? [];
  const fresh = new Set(tail.events.map((event) => event.id));
  const events = [...tail.events, ...stored.filter((event) => !fresh.has(event.id))];
  const { fetchNextPage, isFetchingNextPage } = feed;
  const more = useCallback(() => {
    if (!isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, isFetchingNextPage]);
  const names = histogram.data?.names ?? [];
  const total = histogram.data?.buckets.reduce((sum, bucket) => sum + bucket.count, 0);
  const filtered = Object.values(eventFilters(search)).some((value) => value !== undefined);

  return (
    <>
      <PageHeader
        title="Events"
        answer={
          total !== undefined && (
            <>
              <strong>{plural(total, "event")}</strong>
              {search.name !== undefined && ` named ${search.name}`} · {rangeLabel(search).toLowerCase()}
            </>
          )
        }
      >
        {tailing && (
          <>
            <span className="muted tabular" aria-live="off">
              {tail.rate < 10 ? tail.rate.toFixed(1) : formatCompact(Math.round(tail.rate))}/s
              {tail.thinned !== null && ` · ${formatCount(tail.thinned.shown)} of ${formatCount(tail.thinned.total)} shown`}
            </span>
            <LiveBadge status={tail.status} />
          </>
        )}
        <Button variant={tailing ? "light" : "default"} aria-pressed={tailing} onClick={() => setTailing(!tailing)}>
          Live tail
        </Button>
        <RangePicker value={search} onChange={(range) => onChange({ range: range.range, from: range.from, to: range.to })} />
      </PageHeader>
      <div className={styles["bar"]}>
        <QueryBar search={search} names={names.map((each) => each.name)} onChange={onChange} />
      </div>
      <div className={styles["layout"]}>
        <div style={{ minWidth: 0 }}>
          <div className={styles["histogram"]} hidden={histogram.isError}>
            {histogram.data === undefined ? (
              <Skeleton height={90} />
            ) : (
              <StackedHistogram
                height={72}
                stepMs={histogram.data.step_seconds * 1000}
                noun="events"
                buckets={histogram.data.buckets.map((bucket) => ({
                  at: Date.parse(bucket.at),
                  parts: [{ key: "events", label: "Events", color: "var(--series-1)", value: bucket.count }],
                }))}
                onSelect={(from, to) =>
                  onChange({ range: undefined, from: new Date(from).toISOString(), to: new Date(to).toISOString() })
                }
              />
            )}
          </div>
          {feed.isPending && <SkeletonRows rows={14} height={37} label="events" />}
          {feed.isError && <ErrorState error={feed.error} what="events" onRetry={() => void feed.refetch()} />}
          {feed.isSuccess && events.length === 0 && (
            <EmptyState
              icon="events"
              title={filtered ? "No event matches" : "No events in this range"}
              {...(filtered ? {} : { code: 'from headway import emit_event\n\nemit_event("table.updated", resource={"kind": "table", "name": "orders"})' })}
            >
              {filtered
                ? "Widen the range or take a word out of the filter."
                : "Facts with a time, about tables, queries, users and runs. Send one from any Python process."}
            </EmptyState>
          )}
          {events.length > 0 && (
            <EventFeed
              events={events}
              opened={search.event}
              hasMore={feed.hasNextPage}
              onMore={more}
              onOpen={(event) => onChange({ event })}
              onFilter={onChange}
            />
          )}
        </div>
        <aside className={styles["side"]} aria-label="Event names">
          <Panel title="Names" flush>
            {histogram.isError && <p className="muted" style={{ margin: 12 }}>Not loaded</p>}
            {histogram.data === undefined && !histogram.isError ? (
              <SkeletonRows rows={6} height={28} label="event names" />
            ) : (
              <ul className={styles["names"]}>
                {names.map((each) => (
                  <li key={each.name}>
                    <button
                      type="button"
                      className={styles["nameItem"]}
                      aria-pressed={search.name === each.name}
                      style={{ "--share": `${(each.count / Math.max(1, names[0]?.count ?? 1)) * 100}%` } as React.CSSProperties}
                      onClick={() => onChange({ name: search.name === each.name ? undefined : each.name })}
                    >
                      <span>{each.name}</span>
                      <span>{formatCompact(each.count)}</span>
                    </button>
                  </li>
                ))}
                {names.length === 0 && <li className="muted" style={{ padding: 8 }}>None yet</li>}
              </ul>
            )}
          </Panel>
        </aside>
      </div>
    </>
  );
}
