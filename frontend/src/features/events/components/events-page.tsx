import { Button } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useCallback, useState, type ReactNode } from "react";

import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { PageHeader } from "@/components/ui/page-header";
import { QueryBar } from "@/components/ui/query-bar";
import { RangePicker } from "@/components/ui/range-picker";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { eventHistogramQuery, eventsQuery } from "@/features/events/api/events";
import { AutomationLink } from "@/features/events/components/automation-link";
import { EventFeed } from "@/features/events/components/event-feed";
import { EventHistogram } from "@/features/events/components/event-histogram";
import { ExportMenu } from "@/features/events/components/export-menu";
import { NamesPanel } from "@/features/events/components/names-panel";
import { ResourceDrawer } from "@/features/events/components/resource-drawer";
import { TailRate } from "@/features/events/components/tail-rate";
import { useLiveTail } from "@/features/events/components/use-live-tail";
import { aboutOf, asAbout, asksForName, type EventsSearch } from "@/features/events/model";
import { vocabularyOf } from "@/features/events/vocabulary";
import { queryFault } from "@/lib/query-fault";
import { termOf, withTerm, withoutTerm } from "@/lib/query-terms";
import { formatExact, rangeInSentence } from "@/lib/time";
import { formatRough, plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";

import styles from "./events.module.css";

interface EventsPageProps {
  readonly search: EventsSearch;
  /** The menu of saved views. */
  readonly views?: ReactNode;
  readonly onChange: (change: Partial<EventsSearch>) => void;
}

const EXAMPLE = 'from headway import emit_event\n\nemit_event("table.updated", resource={"kind": "table", "name": "orders"})';

/** What happens in the stack? */
export function EventsPage({ search, views, onChange }: EventsPageProps) {
  const { slug } = useWorkspace();
  const [tailing, setTailing] = useState(false);
  const feed = useInfiniteQuery(eventsQuery(slug, search));
  const histogram = useQuery(eventHistogramQuery(slug, search));
  const fault = queryFault(feed.error);
  const tail = useLiveTail(tailing && fault === null, search);
  const stored = fault === null ? (feed.data?.pages.flatMap((page) => page.items) ?? []) : [];
  const fresh = new Set(tail.events.map((event) => event.id));
  const events = [...tail.events, ...stored.filter((event) => !fresh.has(event.id))];
  const { fetchNextPage, isFetchingNextPage } = feed;
  const more = useCallback(() => {
    if (!isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, isFetchingNextPage]);
  const searchedTo = feed.data?.pages.at(-1)?.searched_to ?? null;
  const counted = fault === null ? histogram.data : undefined;
  const isEstimate = counted !== undefined && counted.sample !== null;
  const total = counted?.buckets.reduce((sum, bucket) => sum + bucket.count, 0);
  const about = aboutOf(search);
  const ask = (q: string) => onChange({ q: q === "" ? undefined : q, exact: undefined, event: undefined, ...asAbout(null) });
  const further = searchedTo !== null && (
    <p className={styles["further"]}>
      Looked back to {formatExact(searchedTo)}, then the time was up.{" "}
      <Button size="compact-sm" variant="default" loading={isFetchingNextPage} onClick={more}>
        Look further back
      </Button>
    </p>
  );

  return (
    <>
      <PageHeader
        title="Events"
        answer={
          total !== undefined && (
            <>
              <strong>
                {counted?.counted_from !== null && "At least "}
                {isEstimate ? `About ${formatRough(total)} events` : plural(total, "event")}
              </strong>
              {search.q !== undefined && " found"} · {rangeInSentence(search)}
            </>
          )
        }
      >
        {tailing && <TailRate tail={tail} />}
        <Button variant={tailing ? "light" : "default"} aria-pressed={tailing} onClick={() => setTailing(!tailing)}>
          Live tail
        </Button>
        <ExportMenu search={search} total={total} isEstimate={isEstimate} disabled={fault !== null} />
        {views}
        <RangePicker value={search} onChange={(range) => onChange({ range: range.range, from: range.from, to: range.to })} />
      </PageHeader>
      <div className={styles["bar"]}>
        <QueryBar
          value={search.q ?? ""}
          label="Filter events"
          placeholder="name:table.* kind:table payload.rows:>1000 or any word, then Enter"
          vocabulary={vocabularyOf(stored, counted?.names.map((each) => each.name) ?? [])}
          fault={fault}
          onSubmit={ask}
        />
        {search.q !== undefined && fault === null && <AutomationLink q={search.q}>Make an automation from this filter</AutomationLink>}
      </div>
      <div className={styles["layout"]}>
        <div style={{ minWidth: 0 }}>
          {!histogram.isError && <EventHistogram histogram={histogram.data} isExact={search.exact === true} isPending={histogram.isPlaceholderData} onChange={onChange} />}
          {feed.isPending && <SkeletonRows rows={14} height={37} label="events" />}
          {feed.isError && fault === null && <ErrorState error={feed.error} what="events" onRetry={() => void feed.refetch()} />}
          {feed.isSuccess && events.length === 0 && (
            <EmptyState
              icon="events"
              title={searchedTo !== null ? "Nothing found so far" : search.q !== undefined ? "No event matches" : "No events in this range"}
              {...(search.q !== undefined ? {} : { code: EXAMPLE })}
            >
              {search.q !== undefined
                ? "Widen the range or take a word out of the filter."
                : "Facts with a time, about tables, queries, users and runs. Send one from any Python process."}
            </EmptyState>
          )}
          {events.length > 0 && (
            <EventFeed
              events={events}
              opened={search.event}
              hasMore={feed.hasNextPage}
              onMore={searchedTo === null ? more : null}
              onOpen={(event) => onChange({ event })}
              onAbout={(resource) => onChange(asAbout(resource))}
            />
          )}
          {fault === null && further}
        </div>
        <aside className={styles["side"]} aria-label="Event names">
          {fault === null && (
            <NamesPanel
              names={counted?.names}
              failed={histogram.isError}
              isNarrowed={search.q !== undefined}
              isAsked={(name) => asksForName(search.q, name)}
              onToggle={(name) => ask((asksForName(search.q, name) ? withoutTerm : withTerm)(search.q ?? "", termOf("name", name)))}
            />
          )}
        </aside>
      </div>
      {about !== null && <ResourceDrawer resource={about} onAsk={ask} onClose={() => onChange(asAbout(null))} />}
    </>
  );
}
