import { Button, Slider } from "@mantine/core";
import { useState } from "react";

import { momentsBetween } from "@/features/world/model";
import { formatDayAndTime } from "@/lib/time";

import styles from "./world.module.css";

interface TimeScrubberProps {
  readonly first: number;
  readonly now: number;
  /** The moment that is shown; now, without. */
  readonly at: string | undefined;
  readonly onChange: (at: string | undefined) => void;
}

/** Drag through time: the graph is that of the moment where one lets go. */
export function TimeScrubber({ first, now, at, onChange }: TimeScrubberProps) {
  const moments = momentsBetween(Math.min(first, now), now);
  const last = moments.length - 1;
  const wanted = at === undefined ? now : Date.parse(at);
  const placed = at === undefined ? last : Math.max(0, moments.findLastIndex((each) => each <= wanted));
  const [dragged, setDragged] = useState<number | null>(null);
  const place = Math.min(dragged ?? placed, last);
  const textOf = (index: number) => (index >= last ? "now" : formatDayAndTime(moments[index] ?? now));
  if (last < 1) return null;
  return (
    <div className={styles["scrubber"]}>
      <span className={styles["scrubbed"]}>As of {place === placed && at !== undefined ? formatDayAndTime(at) : textOf(place)}</span>
      <Slider
        className={styles["track"]}
        size="xs"
        min={0}
        max={last}
        value={place}
        label={textOf}
        thumbLabel="The moment that is shown"
        onChange={setDragged}
        onChangeEnd={(index) => {
          setDragged(null);
          const moment = moments[index];
          onChange(index >= last || moment === undefined ? undefined : new Date(moment).toISOString());
        }}
      />
      {at !== undefined && (
        <Button size="compact-xs" variant="default" onClick={() => onChange(undefined)}>
          Back to now
        </Button>
      )}
    </div>
  );
}
