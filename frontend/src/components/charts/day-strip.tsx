import { formatCount, plural } from "@/lib/units";

import styles from "./day-strip.module.css";

interface DayStripProps {
  /** Oldest first, today last. */
  readonly counts: readonly number[];
  readonly what: string;
}

/** A count for each of the last days; a day without any is drawn as a line on the ground. */
export function DayStrip({ counts, what }: DayStripProps) {
  const most = Math.max(1, ...counts);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const today = counts.at(-1) ?? 0;
  return (
    <span className={styles["strip"]} role="img" aria-label={`${plural(total, what)} in ${counts.length} days, ${formatCount(today)} today`}>
      {counts.map((count, index) => {
        const ago = counts.length - 1 - index;
        const day = ago === 0 ? "today" : ago === 1 ? "yesterday" : `${ago} days ago`;
        return (
          <span key={index} className={styles["day"]} title={`${plural(count, what)} ${day} (UTC)`}>
            <span className={styles["bar"]} data-empty={count === 0 || undefined} style={{ height: count === 0 ? 2 : `${Math.max(16, (count / most) * 100)}%` }} />
          </span>
        );
      })}
    </span>
  );
}
