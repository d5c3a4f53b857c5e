import { Link } from "@tanstack/react-router";

import { DayStrip } from "@/components/charts/day-strip";
import { RelativeTime } from "@/components/ui/relative-time";
import { paths } from "@/config/paths";
import { PausedSwitch } from "@/features/automations/components/paused-switch";
import { useWorkspace } from "@/lib/workspace";
import type { AutomationRow } from "@/schema/wire/automations";

import styles from "./automations.module.css";

interface AutomationListRowProps {
  readonly row: AutomationRow;
  readonly active: boolean;
}

export function AutomationListRow({ row, active }: AutomationListRowProps) {
  const { slug: workspace } = useWorkspace();
  const params = { workspace, automationId: row.id };
  return (
    <li className={styles["row"]} data-active={active || undefined} data-paused={row.paused || undefined} aria-label={row.name}>
      <div className={styles["what"]}>
        <Link to={paths.automation} params={params} className={styles["name"]}>
          {row.name}
        </Link>
        <span className={styles["sentence"]}>{row.sentence}</span>
      </div>
      <Link to={paths.automation} params={params} className={styles["fired"]}>
        <DayStrip counts={row.firings_7d} what="firing" />
        <span className="muted">
          {row.standing === "NO_DATA" && !row.paused ? "no data" : row.last_fired_at === null ? "never fired" : <>fired <RelativeTime at={row.last_fired_at} /></>}
          {row.standing === "FIRING" && !row.paused && ", not over"}
        </span>
      </Link>
      <PausedSwitch automation={row} />
    </li>
  );
}
