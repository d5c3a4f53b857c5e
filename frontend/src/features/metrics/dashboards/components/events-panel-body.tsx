import { Link } from "@tanstack/react-router";

import { StackedHistogram } from "@/components/charts/stacked-histogram";
import { RelativeTime } from "@/components/ui/relative-time";
import { paths } from "@/config/paths";
import { termOf } from "@/lib/query-terms";
import type { EventsPanel } from "@/schema/wire/dashboards";

import styles from "./dashboards.module.css";
import type { PanelBodyProps } from "./panel-body";
import { usePanelHome } from "./panel-home";

/** The newest events, or how many there were when. */
export function EventsPanelBody({ panel, found, onZoom }: PanelBodyProps<EventsPanel>) {
  const home = usePanelHome();
  if (found.event_counts !== null) {
    const buckets = found.event_counts.buckets.map(({ at, count }) => ({
      at: Date.parse(at),
      parts: [{ key: "events", label: panel.name ?? "events", color: "var(--series-1)", value: count }],
    }));
    return (
      <>
        <StackedHistogram
          buckets={buckets}
          stepMs={found.event_counts.step_seconds * 1000}
          noun="events"
          height={HEIGHT_PX * panel.h}
          {...(onZoom === undefined ? {} : { onSelect: onZoom })}
        />
        {found.event_counts.counted_from !== null && (
          <p className="muted">
            Counted back to <RelativeTime at={found.event_counts.counted_from} />.
          </p>
        )}
      </>
    );
  }
  const items = found.events?.items ?? [];
  if (items.length === 0) return <p className="muted">No such events in this range.</p>;
  return (
    <ul className={styles["lines"]}>
      {items.map((event, place) => {
        const words = event.resource === null ? event.name : `${event.name} · ${event.resource}`;
        return (
          <li key={event.id ?? place}>
            {home === null ? (
              <span className={styles["name"]}>{words}</span>
            ) : (
              <Link
                to={paths.events}
                params={{ workspace: home.workspace }}
                search={{ q: termOf("name", event.name), range: home.range.range, from: home.range.from, to: home.range.to }}
                className={`link ${styles["name"]}`}
              >
                {words}
              </Link>
            )}
            <span className="muted">
              <RelativeTime at={event.occurred_at} />
            </span>
          </li>
        );
      })}
    </ul>
  );
}

const HEIGHT_PX = 30; // of the bars, for each row of the panel
