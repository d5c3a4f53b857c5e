import { RelativeTime } from "@/components/ui/relative-time";
import { StateIcon } from "@/components/ui/state-icon";
import { trimNumber } from "@/lib/units";
import type { MetricState } from "@/schema/wire/automations";

import styles from "./automations.module.css";

const ICONS = { FIRING: "failed", PENDING: "pending", NO_DATA: "cancelled" } as const;
const WORDS = { FIRING: "fired", PENDING: "pending since", NO_DATA: "has had no data since" } as const;

interface MetricStatesProps {
  readonly states: readonly MetricState[];
  readonly metric: string;
}

/** Which lines of a watched metric are not well, the longest so first. */
export function MetricStates({ states, metric }: MetricStatesProps) {
  if (states.length === 0) return null;
  return (
    <ul className={styles["events"]} aria-label="Not well now">
      {states.map((state) => (
        <li key={state.key.join(" ")}>
          <StateIcon kind={ICONS[state.level]} size={13} /> <span className="mono">{Object.values(state.labels).join(", ") || metric}</span> {WORDS[state.level]} <RelativeTime at={state.since} />
          {state.value !== null && `, now ${trimNumber(state.value)}`}
          {state.level === "NO_DATA" && <span className="muted">: there is nothing to compare, so it does not fire.</span>}
        </li>
      ))}
    </ul>
  );
}
