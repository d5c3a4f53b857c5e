import { formatExact } from "@/lib/time";
import type { PhasePart } from "@/lib/task-state";
import { formatDuration } from "@/lib/units";

import styles from "./phase-bar.module.css";

/** What a task was about and for how long, from left to right; the words below say it too. */
export function PhaseBar({ parts }: { readonly parts: readonly PhasePart[] }) {
  return (
    <div>
      <div className={styles["bar"]} aria-hidden="true">
        {parts.map((part) => (
          <span key={part.label} data-open={part.open || undefined} style={{ width: `${part.width}%`, background: part.color }} />
        ))}
      </div>
      <ol className={styles["legend"]} aria-label="Phases">
        {parts.map((part) => (
          <li key={part.label} title={`from ${formatExact(part.from)}${part.open ? "" : ` to ${formatExact(part.to)}`}`}>
            <span className={styles["swatch"]} style={{ background: part.color }} />
            {part.label} <span className={styles["time"]}>{formatDuration(part.to - part.from)}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}
