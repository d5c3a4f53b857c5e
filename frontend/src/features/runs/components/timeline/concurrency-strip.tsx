import { useMemo } from "react";

import type { Columns } from "@/features/runs/timeline/columns";
import { concurrency } from "@/features/runs/timeline/summaries";
import type { Viewport } from "@/features/runs/timeline/viewport";
import { formatCount } from "@/lib/units";

import styles from "./timeline.module.css";

interface ConcurrencyStripProps {
  readonly columns: Columns;
  readonly limits: Viewport;
  readonly view: Viewport | null;
  readonly nowMs: number;
  /** The timeline below begins with names; the strip leaves the same room. */
  readonly gutter: boolean;
  readonly onView: (view: Viewport | null) => void;
}

const SLICES = 240;
const WINDOW_SHARE = 0.2;

/** How many tasks ran at once, over the whole run; a click moves the timeline below. */
export function ConcurrencyStrip({ columns, limits, view, nowMs, gutter, onView }: ConcurrencyStripProps) {
  const running = useMemo(
    () => concurrency(columns, limits.from, limits.to, SLICES, nowMs),
    [columns, limits.from, limits.to, nowMs],
  );
  const most = Math.max(1, ...running);
  const points = useMemo(
    () => Array.from(running, (count, slice) => `${slice},${most - count} ${slice + 1},${most - count}`).join(" "),
    [running, most],
  );
  const span = limits.to - limits.from;
  return (
    <div className={styles["strip"]} data-gutter={gutter}>
      <span className={styles["stripLabel"]}>{formatCount(most)} at once</span>
      <div
        className={styles["stripBox"]}
        role="img"
        aria-label={`At most ${formatCount(most)} tasks at once`}
        onClick={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          const at = limits.from + ((event.clientX - box.left) / box.width) * span;
          const width = view === null ? span * WINDOW_SHARE : view.to - view.from;
          const from = Math.max(limits.from, Math.min(at - width / 2, limits.to - width));
          onView({ from, to: from + width });
        }}
      >
        <svg className={styles["stripArea"]} viewBox={`0 0 ${SLICES} ${most}`} preserveAspectRatio="none" aria-hidden="true">
          <polygon points={`0,${most} ${points} ${SLICES},${most}`} fill="var(--state-running)" opacity="0.35" />
        </svg>
        {view !== null && (
          <span
            className={styles["stripWindow"]}
            style={{ left: `${((view.from - limits.from) / span) * 100}%`, width: `${((view.to - view.from) / span) * 100}%` }}
          />
        )}
      </div>
    </div>
  );
}
