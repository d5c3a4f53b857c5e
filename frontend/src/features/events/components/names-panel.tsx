import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { formatCompact, roundRough } from "@/lib/units";
import type { EventHistogram } from "@/schema/wire/telemetry";

import styles from "./events.module.css";

interface NamesPanelProps {
  readonly names: EventHistogram["names"] | undefined;
  readonly failed: boolean;
  /** Whether they are of a filter, or of all there is. */
  readonly isNarrowed: boolean;
  readonly isAsked: (name: string) => boolean;
  readonly onToggle: (name: string) => void;
}

/** The most frequent names of what was found, each a filter. */
export function NamesPanel({ names, failed, isNarrowed, isAsked, onToggle }: NamesPanelProps) {
  return (
    <Panel title="Names" flush>
      {failed && <p className="muted" style={{ margin: 12 }}>Not loaded</p>}
      {names === undefined && !failed && <SkeletonRows rows={6} height={28} label="event names" />}
      {names !== undefined && (
        <ul className={styles["names"]}>
          {names.map((each) => (
            <li key={each.name}>
              <button
                type="button"
                className={styles["nameItem"]}
                aria-pressed={isAsked(each.name)}
                style={{ "--share": `${(each.count / Math.max(1, names[0]?.count ?? 1)) * 100}%` } as React.CSSProperties}
                onClick={() => onToggle(each.name)}
              >
                <span>{each.name}</span>
                <span title={each.is_estimate ? "Estimated" : undefined}>
                  {each.is_estimate ? `≈ ${formatCompact(roundRough(each.count))}` : formatCompact(each.count)}
                </span>
              </button>
            </li>
          ))}
          {names.length === 0 && <li className="muted" style={{ padding: 8 }}>{isNarrowed ? "None found" : "None in this range"}</li>}
        </ul>
      )}
    </Panel>
  );
}
