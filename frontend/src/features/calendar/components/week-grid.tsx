import { Popover } from "@mantine/core";

import { Chip } from "@/features/calendar/components/chip";
import { dayText, hourText, rowsOf, type Cells, type Group } from "@/features/calendar/model";

import styles from "./calendar.module.css";

interface WeekGridProps {
  readonly days: readonly string[];
  readonly cells: Cells;
  readonly today: string;
  /** The hour that it is, today. */
  readonly hour: number | null;
}

const MOST_SHOWN = 3;
const NONE: readonly Group[] = [];

/** Days across, hours down; hours in which nothing starts are folded. */
export function WeekGrid({ days, cells, today, hour }: WeekGridProps) {
  return (
    <div className={styles["scroll"]}>
      <table className={styles["grid"]} aria-label="What starts when">
        <thead>
          <tr>
            <th scope="col">
              <span className="visually-hidden">Hour</span>
            </th>
            {days.map((day) => (
              <th key={day} scope="col" aria-current={day === today ? "date" : undefined}>
                {dayText(day)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rowsOf(cells).map((row) => (
            <tr key={row.first} data-quiet={row.quiet}>
              <th scope="row">{hourText(row)}</th>
              {days.map((day) => (
                <td key={day} data-today={day === today || undefined} data-now={(day === today && hour !== null && row.first <= hour && hour <= row.last) || undefined}>
                  {!row.quiet && <Cell groups={cells.get(day)?.get(row.first) ?? NONE} />}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ groups }: { readonly groups: readonly Group[] }) {
  const shown = groups.length > MOST_SHOWN ? groups.slice(0, MOST_SHOWN - 1) : groups;
  const rest = groups.slice(shown.length);
  return (
    <>
      {shown.map((group) => (
        <Chip key={group.key} group={group} />
      ))}
      {rest.length > 0 && (
        <Popover position="bottom-start" withinPortal trapFocus>
          <Popover.Target>
            <button type="button" className={styles["rest"]}>
              {rest.length} more
            </button>
          </Popover.Target>
          <Popover.Dropdown p={8} w={240}>
            <div className={styles["more"]}>
              {rest.map((group) => (
                <Chip key={group.key} group={group} />
              ))}
            </div>
          </Popover.Dropdown>
        </Popover>
      )}
    </>
  );
}
