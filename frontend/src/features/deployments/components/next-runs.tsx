import { Panel } from "@/components/ui/panel";
import { RelativeTime } from "@/components/ui/relative-time";
import { scheduleWords } from "@/lib/schedule-words";
import { formatDayAndTime, zoneName } from "@/lib/time";
import type { Schedule } from "@/schema/wire/deployments";

import styles from "./deployments.module.css";

interface NextRunsProps {
  readonly schedules: readonly Schedule[];
  readonly paused: boolean;
}

/** When each schedule starts a run next, in the person's own zone. */
export function NextRuns({ schedules, paused }: NextRunsProps) {
  const due = schedules
    .flatMap((each) => (each.next_at === null || each.paused ? [] : [{ id: each.id, at: each.next_at, words: scheduleWords(each) }]))
    .sort((a, b) => a.at.localeCompare(b.at));
  return (
    <Panel title="Next runs" aside={zoneName()}>
      {paused || due.length === 0 ? (
        <p className="muted" style={{ margin: 0 }}>
          {paused ? "None while the deployment is paused." : "None: no schedule is active."}
        </p>
      ) : (
        <ul className={styles["next"]}>
          {due.map((each) => (
            <li key={each.id}>
              <span>
                {formatDayAndTime(each.at)} <span className="muted">{each.words}</span>
              </span>
              <RelativeTime at={each.at} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
