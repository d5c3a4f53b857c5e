import { Panel } from "@/components/ui/panel";
import { RelativeTime } from "@/components/ui/relative-time";
import { scheduleWords } from "@/lib/schedule-words";
import { zoneName } from "@/lib/time";
import { formatInZone, isZone, offsetAt } from "@/lib/zones";
import type { Schedule } from "@/schema/wire/deployments";

import styles from "./deployments.module.css";

interface NextRunsProps {
  readonly schedules: readonly Schedule[];
  readonly paused: boolean;
}

/** When each schedule starts a run next, on the reader's clock, and on its own where that shows another time. */
export function NextRuns({ schedules, paused }: NextRunsProps) {
  const here = zoneName();
  const due = schedules
    .flatMap((each) => (each.next_at === null || each.paused ? [] : [{ id: each.id, at: each.next_at, words: each.name === "" ? scheduleWords(each) : each.name, zone: isZone(each.timezone) ? each.timezone : "UTC" }]))
    .sort((a, b) => a.at.localeCompare(b.at));
  return (
    <Panel title="Next runs" aside={here}>
      {paused || due.length === 0 ? (
        <p className="muted" style={{ margin: 0 }}>
          {paused ? "None while the deployment is paused." : schedules.some((each) => each.fault !== null && !each.paused) ? "None: its schedule rests. Schedules says why." : "None: no schedule is active."}
        </p>
      ) : (
        <ul className={styles["next"]}>
          {due.map((each) => (
            <li key={each.id}>
              <span>
                {formatInZone(each.at, here)} <span className="muted">{each.words}</span>
                {offsetAt(Date.parse(each.at), each.zone) !== offsetAt(Date.parse(each.at), here) && (
                  <span className={styles["under"]}>
                    {formatInZone(each.at, each.zone)} in {each.zone}
                  </span>
                )}
              </span>
              <RelativeTime at={each.at} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
