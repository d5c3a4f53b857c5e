import { formatClock, formatExact } from "@/lib/time";
import { formatValue } from "@/lib/units";

import styles from "./chart-tooltip.module.css";

interface LineTooltipProps {
  readonly at: number;
  readonly left: number;
  readonly width: number;
  readonly unit: string | null;
  readonly rows: readonly { readonly name: string; readonly color: string; readonly value: number | null }[];
  readonly marks?: readonly { readonly at: number; readonly label: string }[];
}

const SHOWN = 10;
const MARKS = 4;

export function LineTooltip({ at, left, width, unit, rows, marks = [] }: LineTooltipProps) {
  const sorted = [...rows].sort((a, b) => (b.value ?? -Infinity) - (a.value ?? -Infinity));
  const side = left > width * 0.6 ? { right: width - left + 12 } : { left: left + 12 };
  return (
    <div className={styles["tooltip"]} style={{ ...side, top: 8 }}>
      <div className={styles["when"]}>{formatExact(at)}</div>
      {sorted.slice(0, SHOWN).map((row) => (
        <div key={row.name} className={styles["row"]}>
          <span className={styles["swatch"]} style={{ background: `var(${row.color})` }} />
          <span className={styles["label"]}>{row.name}</span>
          <span className={styles["value"]}>{row.value === null ? "no value" : formatValue(row.value, unit)}</span>
        </div>
      ))}
      {sorted.length > SHOWN && <div className="muted">and {sorted.length - SHOWN} more</div>}
      {marks.slice(0, MARKS).map((mark, index) => (
        <div key={index} className={styles["row"]}>
          <span aria-hidden="true">▾</span>
          <span className={styles["label"]}>{mark.label}</span>
          <span className={styles["share"]}>{formatClock(mark.at)}</span>
        </div>
      ))}
      {marks.length > MARKS && <div className="muted">and {marks.length - MARKS} more events</div>}
    </div>
  );
}
