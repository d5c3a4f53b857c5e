import { kindOfType, kindWord, stateColor } from "@/lib/run-state";
import { formatExact } from "@/lib/time";
import { formatDuration } from "@/lib/units";

import styles from "./run-ticks.module.css";

export interface RunTick {
  readonly id: string;
  readonly state_type: string;
  readonly duration_ms: number | null;
  readonly created_at?: string;
}

interface RunTicksProps {
  readonly ticks: readonly RunTick[];
  readonly hrefFor: (id: string) => string;
  readonly onOpen: (id: string) => void;
  readonly slots?: number;
  readonly height?: number;
  /** Bars as wide as the space gives, for a page that shows one strip only. */
  readonly wide?: boolean;
}

const SHORTEST = 0.28;
const TROUBLE: readonly string[] = ["FAILED", "CRASHED"];

/** The last runs, oldest first: colour says how each ended, height how long it took among these. */
export function RunTicks({ ticks, hrefFor, onOpen, slots = 30, height = 22, wide = false }: RunTicksProps) {
  const longest = Math.max(1, ...ticks.map((tick) => tick.duration_ms ?? 0));
  const blanks = Math.max(0, slots - ticks.length);
  const bad = ticks.filter((tick) => TROUBLE.includes(tick.state_type)).length;
  return (
    <div className={styles["ticks"]} style={{ height }} data-wide={wide} role="group" aria-label={`Last ${ticks.length} runs, ${bad} failed or crashed`}>
      {Array.from({ length: blanks }, (_, index) => (
        <span key={index} className={styles["blank"]} />
      ))}
      {ticks.map((tick) => {
        const kind = kindOfType(tick.state_type);
        const parts = [kindWord(kind), formatDuration(tick.duration_ms), ...(tick.created_at === undefined ? [] : [formatExact(tick.created_at)])];
        const share = tick.duration_ms === null ? SHORTEST : Math.max(SHORTEST, tick.duration_ms / longest);
        return (
          <a
            key={tick.id}
            href={hrefFor(tick.id)}
            className={styles["tick"]}
            tabIndex={wide ? 0 : -1}
            title={parts.join(" · ")}
            aria-label={parts.join(", ")}
            onClick={(event) => {
              if (event.metaKey || event.ctrlKey || event.shiftKey) return;
              event.preventDefault();
              event.stopPropagation();
              onOpen(tick.id);
            }}
          >
            <span
              className={styles["bar"]}
              data-trouble={TROUBLE.includes(tick.state_type) || undefined}
              style={{ height: `${share * 100}%`, background: stateColor(kind), opacity: kind === "completed" ? 0.72 : 1 }}
            />
          </a>
        );
      })}
    </div>
  );
}
