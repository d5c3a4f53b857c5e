import { kindOfType, kindWord, STACK_ORDER, stateColor } from "@/lib/run-state";
import { formatCount } from "@/lib/units";
import type { BackfillRow } from "@/schema/wire/backfills";

import styles from "./backfills.module.css";

/** All parts as one bar: each state its share, what is not made yet left empty. */
export function ProgressBar({ backfill }: { readonly backfill: Pick<BackfillRow, "counts" | "parts_total"> }) {
  const shares = STACK_ORDER.flatMap((type) => {
    const count = backfill.counts[type] ?? 0;
    return count === 0 ? [] : [{ type, count }];
  });
  const words = shares.map(({ type, count }) => `${formatCount(count)} ${kindWord(kindOfType(type)).toLowerCase()}`).join(", ");
  return (
    <div className={styles["bar"]} role="img" aria-label={words === "" ? "Nothing begun" : words} title={words}>
      {shares.map(({ type, count }) => (
        <span key={type} style={{ width: `${(count / Math.max(1, backfill.parts_total)) * 100}%`, background: stateColor(kindOfType(type)) }} />
      ))}
    </div>
  );
}
