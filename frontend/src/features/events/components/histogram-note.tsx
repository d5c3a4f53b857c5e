import { Button } from "@mantine/core";

import { rarityWords, sampleWords } from "@/features/events/model";
import { formatExact } from "@/lib/time";
import type { EventHistogram } from "@/schema/wire/telemetry";

import styles from "./events.module.css";

interface HistogramNoteProps {
  readonly histogram: EventHistogram;
  readonly isExact: boolean;
  readonly isPending: boolean;
  readonly onExact: (exact: boolean) => void;
}

/** How the bars came about, where that matters; nothing when they simply are counted. */
export function HistogramNote({ histogram: { sample, counted_from: countedFrom }, isExact, isPending, onExact }: HistogramNoteProps) {
  if (sample !== null) {
    return (
      <p className={styles["note"]}>
        Hatched bars are {sampleWords(sample)}. {rarityWords(sample)}{" "}
        <Button size="compact-xs" variant="default" loading={isPending} onClick={() => onExact(true)}>
          Count exactly
        </Button>
      </p>
    );
  }
  if (countedFrom === null && !isExact) return null;
  return (
    <p className={styles["note"]}>
      {countedFrom === null
        ? "Every event was counted. "
        : `Counted back to ${formatExact(countedFrom)}, one event after the other, until the time was up. Drag over a part of the chart to count that. `}
      {isExact && (
        <Button size="compact-xs" variant="default" loading={isPending} onClick={() => onExact(false)}>
          Estimate
        </Button>
      )}
    </p>
  );
}
