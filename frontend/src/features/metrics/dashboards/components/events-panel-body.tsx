import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { StackedHistogram } from "@/components/charts/stacked-histogram";
import { Refusal } from "@/components/ui/refusal";
import { RelativeTime } from "@/components/ui/relative-time";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { paths } from "@/config/paths";
import { eventCountsOf, eventsOf } from "@/features/metrics/dashboards/api";
import { termOf } from "@/lib/query-terms";
import type { RangeSearch } from "@/lib/time";
import { useWorkspace } from "@/lib/workspace";
import type { EventsPanel } from "@/schema/wire/dashboards";

import styles from "./dashboards.module.css";

interface EventsPanelBodyProps {
  readonly panel: EventsPanel;
  readonly range: RangeSearch;
  readonly onZoom: (from: number, to: number) => void;
}

/** The newest events, or how many there were when. */
export function EventsPanelBody({ panel, range, onZoom }: EventsPanelBodyProps) {
  const { slug } = useWorkspace();
  const list = useQuery({ ...eventsOf(slug, range, panel), enabled: panel.view === "list" });
  const counts = useQuery({ ...eventCountsOf(slug, range, panel), enabled: panel.view === "histogram" });
  if (panel.view === "histogram") {
    if (counts.data === undefined) return counts.isError ? <Refusal error={counts.error} /> : <SkeletonRows rows={4} label="Loading events" />;
    const buckets = counts.data.buckets.map(({ at, count }) => ({
      at: Date.parse(at),
      parts: [{ key: "events", label: panel.name ?? "events", color: "var(--series-1)", value: count }],
    }));
    return <StackedHistogram buckets={buckets} stepMs={counts.data.step_seconds * 1000} noun="events" height={HEIGHT_PX * panel.h} onSelect={onZoom} />;
  }
  if (list.data === undefined) return list.isError ? <Refusal error={list.error} /> : <SkeletonRows rows={4} label="Loading events" />;
  if (list.data.items.length === 0) return <p className="muted">No such events in this range.</p>;
  return (
    <ul className={styles["lines"]}>
      {list.data.items.map((event) => (
        <li key={event.id}>
          <Link
            to={paths.events}
            params={{ workspace: slug }}
            search={{ q: termOf("name", event.name), range: range.range, from: range.from, to: range.to }}
            className={`link ${styles["name"]}`}
          >
            {event.name}
            {event.resource === null ? "" : ` · ${event.resource.name}`}
          </Link>
          <span className="muted">
            <RelativeTime at={event.occurred_at} />
          </span>
        </li>
      ))}
    </ul>
  );
}

const HEIGHT_PX = 30; // of the bars, for each row of the panel
