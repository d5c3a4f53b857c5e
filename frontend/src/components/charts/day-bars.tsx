import { useState } from "react";

import { formatDate } from "@/lib/time";
import { formatCompact, formatRatio } from "@/lib/units";

import tooltip from "./chart-tooltip.module.css";
import styles from "./day-bars.module.css";
import { niceTop } from "./stacked-histogram";

export interface Day {
  /** "2026-11-21" */
  readonly day: string;
  readonly quantity: number;
}

interface DayBarsProps {
  readonly days: readonly Day[];
  /** The day that is not over yet; those after it are still to come. */
  readonly today: string;
  readonly label: string;
  readonly show: (quantity: number) => string;
  /** How much of a quantity makes one on the axis. */
  readonly per?: number;
  readonly height?: number;
}

const LABELLED = [1, 8, 15, 22, 29];

/** One bar for each day of a month. A day without any is zero; a day to come is blank. */
export function DayBars({ days, today, label, show, per = 1, height = 150 }: DayBarsProps) {
  const [hover, setHover] = useState<number | null>(null);
  const most = Math.max(0, ...days.map((each) => each.quantity)) / per;
  const top = niceTop(Math.max(1, most));
  const total = days.reduce((sum, each) => sum + each.quantity, 0);
  const hovered = hover === null ? undefined : days[hover];
  const left = hover === null ? 0 : (hover + 0.5) / days.length;
  return (
    <figure className={styles["figure"]} aria-label={label}>
      <div className={styles["plot"]} style={{ height }} onPointerLeave={() => setHover(null)}>
        <span className={styles["tick"]} style={{ top: 0 }} aria-hidden="true">
          {formatCompact(top)}
        </span>
        <span className={styles["tick"]} style={{ top: "50%" }} aria-hidden="true">
          {formatCompact(top / 2)}
        </span>
        <div className={styles["bars"]}>
          {days.map((each, index) => (
            <span
              key={each.day}
              className={styles["slot"]}
              data-future={each.day > today || undefined}
              onPointerEnter={() => setHover(index)}
            >
              <span
                className={styles["bar"]}
                data-today={each.day === today || undefined}
                style={{ height: `${(each.quantity / per / top) * 100}%`, minHeight: each.quantity > 0 ? 2 : 0 }}
              />
            </span>
          ))}
        </div>
        {hovered !== undefined && hovered.day <= today && (
          <div
            className={tooltip["tooltip"]}
            style={{ top: 4, margin: "0 12px", minWidth: 0, ...(left > 0.6 ? { right: `${(1 - left) * 100}%` } : { left: `${left * 100}%` }) }}
          >
            <div className={tooltip["when"]}>
              {formatDate(hovered.day)}
              {hovered.day === today && ", so far"}
            </div>
            <div className={tooltip["row"]}>
              <span className={tooltip["value"]}>{show(hovered.quantity)}</span>
              <span className={tooltip["share"]}>{formatRatio(total === 0 ? 0 : hovered.quantity / total)}</span>
            </div>
          </div>
        )}
      </div>
      <div className={styles["axis"]} aria-hidden="true">
        {days.map((each) => {
          const date = Number(each.day.slice(8));
          return (
            <span key={each.day} className={styles["date"]} data-today={each.day === today || undefined}>
              {LABELLED.includes(date) || each.day === today ? <span data-soft={LABELLED.includes(date) && near(each.day, today) ? true : undefined}>{date}</span> : null}
            </span>
          );
        })}
      </div>
    </figure>
  );
}

/** Whether a label would run into that of today. */
function near(day: string, today: string): boolean {
  return day !== today && day.slice(0, 7) === today.slice(0, 7) && Math.abs(Number(day.slice(8)) - Number(today.slice(8))) <= 1;
}
