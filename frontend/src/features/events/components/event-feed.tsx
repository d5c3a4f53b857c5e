import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";

import { useDocumentTop } from "@/components/ui/use-document-top";
import { useRowKeys } from "@/components/ui/use-row-keys";
import { EventRow } from "@/features/events/components/event-row";
import type { ResourceAsked } from "@/features/events/model";
import { plural } from "@/lib/units";
import type { EventItem } from "@/schema/wire/telemetry";

import styles from "./events.module.css";

interface EventFeedProps {
  readonly events: readonly EventItem[];
  readonly opened: string | undefined;
  readonly hasMore: boolean;
  /** Null when more takes a decision: a search that reads far back. */
  readonly onMore: (() => void) | null;
  readonly onOpen: (id: string | undefined) => void;
  readonly onAbout: (resource: ResourceAsked) => void;
}

const ROW_HEIGHT = 37;

export function EventFeed({ events, opened, hasMore, onMore, onOpen, onAbout }: EventFeedProps) {
  const body = useRef<HTMLDivElement>(null);
  const margin = useDocumentTop(body);
  const virtualizer = useWindowVirtualizer({
    count: events.length,
    estimateSize: () => ROW_HEIGHT,
    overscan: 16,
    scrollMargin: margin,
    getItemKey: (index) => events[index]?.id ?? index,
  });
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= events.length - 20) onMore?.();
  }, [hasMore, last, events.length, onMore]);

  const newest = events[0]?.occurred_at ?? "";
  const showDay = newest.slice(0, 10) !== (events.at(-1)?.occurred_at ?? "").slice(0, 10);
  const toggle = (id: string) => onOpen(opened === id ? undefined : id);
  const active = useRowKeys(
    events.length,
    (index) => {
      const event = events[index];
      if (event !== undefined) toggle(event.id);
    },
    (index) => virtualizer.scrollToIndex(index),
  );
  return (
    <div className={styles["feed"]} role="feed" aria-label="Events" aria-busy={hasMore && onMore !== null}>
      <div ref={body} className={styles["body"]} style={{ height: virtualizer.getTotalSize() }}>
        {items.map((item) => {
          const event = events[item.index];
          if (event === undefined) return null;
          return (
            <article
              key={item.key}
              data-index={item.index}
              ref={virtualizer.measureElement}
              className={styles["slot"]}
              style={{ transform: `translateY(${item.start - margin}px)` }}
              aria-label={event.name}
              aria-posinset={item.index + 1}
              aria-setsize={hasMore ? -1 : events.length}
            >
              <EventRow
                event={event}
                open={event.id === opened}
                active={item.index === active}
                showDay={showDay}
                onToggle={() => toggle(event.id)}
                onAbout={onAbout}
              />
            </article>
          );
        })}
      </div>
      <div className={styles["end"]}>{hasMore && onMore !== null ? "Loading more" : `${plural(events.length, "event")}${hasMore ? " so far" : " in this range"}`}</div>
    </div>
  );
}
