import { Chip } from "@/features/calendar/components/chip";
import { dayText, type Cells } from "@/features/calendar/model";

import styles from "./calendar.module.css";

interface DayListProps {
  readonly days: readonly string[];
  readonly cells: Cells;
  readonly today: string;
}

/** The week one below the other, where there is no room for seven columns. */
export function DayList({ days, cells, today }: DayListProps) {
  return (
    <>
      {days.map((day) => {
        const groups = [...(cells.get(day) ?? [])].sort(([a], [b]) => a - b).flatMap(([, each]) => each);
        return (
          <section key={day} className={styles["day"]} aria-label={dayText(day)}>
            <h2>
              {dayText(day)}
              {day === today && <span className="muted"> today</span>}
            </h2>
            {groups.length === 0 ? (
              <p className="muted">Nothing.</p>
            ) : (
              groups.map((group) => <Chip key={group.key} group={group} />)
            )}
          </section>
        );
      })}
    </>
  );
}
