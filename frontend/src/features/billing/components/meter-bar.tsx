import { barShares, toneOf } from "@/features/billing/model";
import { meterText } from "@/lib/meters";
import type { MeterUsage } from "@/schema/wire/billing";

import styles from "./billing.module.css";

interface MeterBarProps {
  readonly meter: MeterUsage;
  /** Whether new runs wait because this is used up. */
  readonly held: boolean;
}

const LABEL_WIDTH = 17; // per cent of a narrow bar

/** What is used of what is allowed, with the marks at which the owners hear of it. */
export function MeterBar({ meter, held }: MeterBarProps) {
  const { own, others, forecast, marks } = barShares(meter);
  const limit = meter.limit === null ? "" : ` of ${meterText(meter.meter, meter.limit)}`;
  const tone = toneOf(meter.account_used, meter.limit, held);
  return (
    <div className={styles["meter"]} data-labels={marks.length > 0 || undefined}>
      <div className={styles["track"]} role="img" aria-label={`${meterText(meter.meter, meter.account_used)}${limit} used`} data-tone={tone}>
        <span className={styles["own"]} style={{ width: `${own}%` }} />
        <span className={styles["others"]} style={{ width: `${others}%` }} />
        <span className={styles["coming"]} style={{ width: `${forecast}%` }} />
      </div>
      {marks.map(({ percent, at }, index) => (
        <span key={percent} className={styles["mark"]} data-percent={percent} data-end={at > 99 || undefined} style={{ left: `${at}%` }} aria-hidden="true">
          {(marks[index + 1]?.at ?? Infinity) - at > LABEL_WIDTH && <span>{percent} %</span>}
        </span>
      ))}
    </div>
  );
}
