import { CodeSnippet } from "@/components/ui/code-snippet";
import { Icon } from "@/components/ui/icon";
import { RelativeTime } from "@/components/ui/relative-time";
import { DOORS, reasonOf } from "@/features/refused/model";
import { formatDate } from "@/lib/time";
import { formatCount } from "@/lib/units";
import type { Refused } from "@/schema/wire/telemetry";

import styles from "./refused.module.css";

interface RefusedRowProps {
  readonly row: Refused;
  readonly open: boolean;
  /** The keyboard's cursor stands on it. */
  readonly active: boolean;
  readonly onToggle: () => void;
}

/** One reason at one door on one day; opened, how to mend it and the last samples. */
export function RefusedRow({ row, open, active, onToggle }: RefusedRowProps) {
  const reason = reasonOf(row.code);
  return (
    <>
      <button type="button" className={styles["row"]} aria-expanded={open} data-active={active || undefined} onClick={onToggle}>
        <Icon name={open ? "chevronDown" : "chevronRight"} size={13} />
        <span className={styles["reason"]}>
          <strong>{reason.title}</strong>
          <span className="mono muted">{row.code}</span>
        </span>
        <span>{DOORS[row.door] ?? row.door}</span>
        <span className="muted">{formatDate(row.day)}</span>
        <span className={styles["count"]}>{formatCount(row.count)}</span>
        <span className="muted">
          <RelativeTime at={row.last_at} />
        </span>
      </button>
      {open && (
        <div className={styles["detail"]}>
          <p className={styles["mend"]}>{reason.mend}</p>
          {row.samples.map((sample) => (
            <div key={`${sample.at} ${sample.message} ${sample.item ?? ""}`} className={styles["sample"]}>
              <p>
                {sample.message}
                {sample.field !== null && (
                  <>
                    {" "}
                    <code className="mono">{sample.field}</code>
                  </>
                )}{" "}
                <span className="muted">
                  <RelativeTime at={sample.at} />
                </span>
              </p>
              {sample.item !== null && sample.item !== "" && <CodeSnippet code={sample.item} />}
            </div>
          ))}
        </div>
      )}
    </>
  );
}
