import { Skeleton } from "@mantine/core";

import { StackedHistogram } from "@/components/charts/stacked-histogram";
import type { EventsSearch } from "@/features/events/model";
import { formatExact } from "@/lib/time";
import type { EventHistogram as Histogram } from "@/schema/wire/telemetry";

import styles from "./events.module.css";

interface EventHistogramProps {
  readonly histogram: Histogram | undefined;
  readonly onZoom: (change: Partial<EventsSearch>) => void;
}

/** When it happened; dragging over it looks at that time only. */
export function EventHistogram({ histogram, onZoom }: EventHistogramProps) {
  return (
    <div className={styles["histogram"]}>
      {histogram === undefined ? (
        <Skeleton height={90} />
      ) : (
        <>
          <StackedHistogram
            height={72}
            stepMs={histogram.step_seconds * 1000}
            noun="events"
            buckets={histogram.buckets.map((bucket) => ({
              at: Date.parse(bucket.at),
              parts: [{ key: "events", label: "Events", color: "var(--series-1)", value: bucket.count }],
            }))}
            onSelect={(from, to) => onZoom({ range: undefined, from: new Date(from).toISOString(), to: new Date(to).toISOString() })}
          />
          {histogram.counted_from !== null && (
            <p className={styles["note"]}>
              Counted back to {formatExact(histogram.counted_from)}, one event after the other, until the time was up. A shorter range is counted whole.
            </p>
          )}
        </>
      )}
    </div>
  );
}
