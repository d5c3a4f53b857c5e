import { RelativeTime } from "@/components/ui/relative-time";
import { StateIcon } from "@/components/ui/state-icon";
import { formatCount } from "@/lib/units";
import type { MetricState } from "@/schema/wire/automations";

import styles from "./automations.module.css";

/** Which lines of a watched metric are not well, the longest so first. */
export function MetricStates({ states }: { readonly states: readonly MetricState[] }) {
  if (states.length === 0) return null;
  return (
    <ul className={styles["events"]} aria-label="Not well now">
      {states.map((state) => (
        <li key={state.key.join(" ")}>
          <StateIcon kind={state.level === "FIRING" ? "failed" : "pending"} size={13} />{" "}
          <span className="mono">{Object.values(state.labels).join(", ")}</span> {state.level === "FIRING" ? "fired" : "pending since"} <RelativeTime at={state.since} />
          {state.value !== null && `, now ${formatCount(state.value)}`}
        </li>
      ))}
    </ul>
  );
}
