import { Skeleton } from "@mantine/core";

import { StackedHistogram } from "@/components/charts/stacked-histogram";
import { HistogramNote } from "@/features/events/components/histogram-note";
import type { EventsSearch } from "@/features/events/model";
import type { EventHistogram as Histogram } from "@/schema/wire/telemetry";

import styles from "./events.module.css";

interface EventHistogramProps {
  readonly histogram: Histogram | undefined;
  readonly isExact: boolean;
  /** What is shown is of another question: the answer is on its way. */
  readonly isPending: boolean;
  readonly onChange: (change: Partial<EventsSearch>) => void;
}

/** When it happened; dragging over it looks at that time only. */
export function EventHistogram({ histogram, isExact, isPending, onChange }: EventHistogramProps) {
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
              margin: bucket.is_estimate ? bucket : undefined,
            }))}
            onSelect={(from, to) => onChange({ range: undefined, from: new Date(from).toISOString(), to: new Date(to).toISOString() })}
          />
          <HistogramNote histogram={histogram} isExact={isExact} isPending={isPending} onExact={(exact) => onChange({ exact: exact ? true : undefined })} />
        </>
      )}
    </div>
  );
}
