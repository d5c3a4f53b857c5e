import { formatTick, timeTicks } from "@/lib/time";

import styles from "./time-axis.module.css";

interface TimeAxisProps {
  readonly from: number;
  readonly to: number;
}

const MOST = 7;
/** A label nearer to an edge than this would be cut off. */
const EDGE = 0.03;

/** Round moments below a chart, each where it belongs. A narrow chart shows every other one. */
export function TimeAxis({ from, to }: TimeAxisProps) {
  const span = to - from;
  if (span <= 0) return null;
  const ticks = timeTicks(from, to, MOST).filter((at) => at - from >= EDGE * span && to - at >= EDGE * span);
  return (
    <div className={styles["axis"]} aria-hidden="true">
      {ticks.map((at) => (
        <span key={at} className={styles["tick"]} style={{ left: `${((at - from) / span) * 100}%` }}>
          {formatTick(at, span)}
        </span>
      ))}
    </div>
  );
}
