import { formatCount, formatRatio, formatRough } from "@/lib/units";
import { formatClock, formatDayAndTime } from "@/lib/time";

import type { StackBucket } from "./stacked-histogram";
import styles from "./chart-tooltip.module.css";

interface HistogramTooltipProps {
  readonly bucket: StackBucket;
  readonly stepMs: number;
  readonly left: number;
  readonly noun: string;
  readonly format: ((value: number) => string) | undefined;
  readonly total: number;
}

export function HistogramTooltip({ bucket, stepMs, left, noun, format = formatCount, total }: HistogramTooltipProps) {
  const side = left > 0.6 ? { right: `${(1 - left) * 100}%` } : { left: `${left * 100}%` };
  return (
    <div className={styles["tooltip"]} style={{ ...side, top: 0, margin: "0 12px" }}>
      <div className={styles["when"]}>
        {formatDayAndTime(bucket.at)} – {formatClock(bucket.at + stepMs)}
      </div>
      {total === 0 && bucket.margin === undefined && <div className="muted">No {noun}</div>}
      {bucket.margin !== undefined && (
        <div>
          {total === 0 ? "None seen" : `About ${formatRough(total)}`} <span className="muted">({marginWords(bucket.margin)})</span>
        </div>
      )}
      {[...bucket.parts]
        .reverse()
        .filter((part) => part.value > 0 && (bucket.margin === undefined || bucket.parts.length > 1))
        .map((part) => (
          <div key={part.key} className={styles["row"]}>
            <span className={styles["swatch"]} style={{ background: part.color }} />
            <span className={styles["label"]}>{part.label}</span>
            <span className={styles["value"]}>{format(part.value)}</span>
            <span className={styles["share"]}>{formatRatio(part.value / total)}</span>
          </div>
        ))}
    </div>
  );
}

function marginWords({ low, high }: { readonly low: number; readonly high: number }): string {
  return low === 0 ? `up to ${formatRough(high)}` : `${formatRough(low)}–${formatRough(high)}`;
}
