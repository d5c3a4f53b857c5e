import { Link } from "@tanstack/react-router";

import { StackedHistogram } from "@/components/charts/stacked-histogram";
import { RelativeTime } from "@/components/ui/relative-time";
import { paths } from "@/config/paths";
import { filledSearch } from "@/features/metrics/dashboards/variables";
import { termOf, withTerm } from "@/lib/query-terms";
import type { EventsPanel } from "@/schema/wire/dashboards";

import styles from "./dashboards.module.css";
import type { PanelBodyProps } from "./panel-body";
import { usePanelHome } from "./panel-home";

/** The newest events, or how many there were when. */
export function EventsPanelBody({ panel, found, onZoom }: PanelBodyProps<EventsPanel>) {
  const home = usePanelHome();
  if (found.event_counts !== null) {
    const buckets = found.event_counts.buckets.map(({ at, count, ...margin }) => ({
      at: Date.parse(at),
      parts: [{ key: "events", label: panel.name ?? "events", color: "var(--series-1)", value: count }],
      margin: margin.is_estimate ? margin : undefined,
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
        {buckets.some((bucket) => bucket.margin !== undefined) && <p className="muted">Hatched bars are estimated from some of the events.</p>}
        {found.event_counts.counted_from !== null && (
          <p className="muted">
            Counted back to <RelativeTime at={found.event_counts.counted_from} />.
          </p>
        )}
      </>
    );
  }
  const { items, has_more, searched_to } = found.events ?? { items: [], has_more: false, searched_to: null };
  if (items.length === 0) {
    return <p className="muted">{searched_to === null ? "No such events in this range." : <>No such events back to <RelativeTime at={searched_to} />; there was no time to look further.</>}</p>;
  }
  // The page of events knows no deployments: there are those of others, too.
  const filter = filledSearch(panel.q, home?.chosen ?? {}) ?? "";
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
                search={{ q: withTerm(filter, termOf("name", event.name)), range: home.range.range, from: home.range.from, to: home.range.to }}
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
      {has_more && (
        <li className="muted">
          The newest {items.length}.{" "}
          {home !== null && panel.deployment === undefined && (
            <Link
              to={paths.events}
              params={{ workspace: home.workspace }}
              search={{ q: panel.name === undefined ? filter : withTerm(filter, termOf("name", panel.name, { prefix: true })), range: home.range.range, from: home.range.from, to: home.range.to }}
              className="link"
            >
              All of them
            </Link>
          )}
        </li>
      )}
    </ul>
  );
}

const HEIGHT_PX = 30; // of the bars, for each row of the panel
