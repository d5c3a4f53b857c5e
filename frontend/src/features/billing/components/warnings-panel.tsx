import { Icon } from "@/components/ui/icon";
import { Panel } from "@/components/ui/panel";
import { meterAmount, meterUnit } from "@/lib/meters";
import { formatDayAndTime, formatExact } from "@/lib/time";
import type { Usage } from "@/schema/wire/billing";

import styles from "./billing.module.css";

/** What the owners were told in this month. */
export function WarningsPanel({ usage }: { readonly usage: Usage }) {
  const rows = [...usage.warnings].reverse();
  return (
    <Panel title="Warnings" flush>
      {rows.length === 0 ? (
        <p className={styles["empty"]}>None. Owners get a mail at 50, 80 and 100 % of what the plan includes.</p>
      ) : (
        <ul className={styles["rows"]} aria-label="Warnings">
          {rows.map((warning) => (
            <li key={`${warning.meter} ${warning.threshold}`} className={styles["warning"]} data-tone={warning.threshold >= 100 ? "full" : warning.threshold >= 80 ? "warn" : "calm"}>
              <Icon name={warning.threshold >= 80 ? "alert" : "bell"} size={14} />
              <span>
                <strong>{warning.threshold} %</strong> of {meterAmount(warning.meter, warning.limit)} {meterUnit(warning.meter)}
                <span className={styles["under"]}>
                  <time dateTime={warning.warned_at} title={formatExact(warning.warned_at)}>
                    {formatDayAndTime(warning.warned_at)}
                  </time>
                  , with {meterAmount(warning.meter, warning.used)} used
                </span>
              </span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
