import { kindOf, wordOf } from "@/lib/run-state";

import { StateIcon } from "./state-icon";
import styles from "./state-badge.module.css";

interface StateBadgeProps {
  readonly state: string;
  readonly boxed?: boolean;
}

export function StateBadge({ state, boxed = false }: StateBadgeProps) {
  const kind = kindOf(state);
  return (
    <span className={boxed ? styles["boxed"] : styles["plain"]} style={{ "--state": `var(--state-${kind})` } as React.CSSProperties}>
      <StateIcon kind={kind} />
      <span>{wordOf(state)}</span>
    </span>
  );
}
