import { formatExact } from "@/lib/time";

import styles from "./moments-strip.module.css";
import { TimeAxis } from "./time-axis";

interface MomentsStripProps {
  readonly moments: readonly number[];
  readonly from: number;
  readonly to: number;
  readonly label: string;
}

/** Moments on a line of time. */
export function MomentsStrip({ moments, from, to, label }: MomentsStripProps) {
  const inside = moments.filter((at) => at >= from && at <= to);
  return (
    <div>
      <div className={styles["strip"]} role="img" aria-label={label}>
        {inside.map((at, index) => (
          <span key={index} className={styles["moment"]} style={{ left: `${((at - from) / (to - from)) * 100}%` }} title={formatExact(at)} />
        ))}
      </div>
      <TimeAxis from={from} to={to} />
    </div>
  );
}
