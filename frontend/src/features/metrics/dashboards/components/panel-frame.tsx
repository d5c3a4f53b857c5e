import type { ReactNode } from "react";

import { KIND_WORDS } from "@/features/metrics/dashboards/model";
import type { DashboardPanel } from "@/schema/wire/dashboards";

import styles from "./dashboards.module.css";
import { usePanelHome } from "./panel-home";

interface PanelFrameProps {
  readonly panel: DashboardPanel;
  readonly moving?: boolean;
  /** What stands above it; by default its title. */
  readonly head?: ReactNode;
  readonly children: ReactNode;
  readonly corner?: ReactNode;
}

/** One panel where it belongs on the grid. */
export function PanelFrame({ panel, moving = false, head, children, corner }: PanelFrameProps) {
  const title = panel.title ?? "";
  // Without links in it, what scrolls is reached by keyboard only when it can be focused itself.
  const reach = usePanelHome() === null ? { tabIndex: 0 } : {};
  return (
    <section
      className={styles["cell"]}
      aria-label={title === "" ? KIND_WORDS[panel.kind] : title}
      data-kind={panel.kind}
      data-moving={moving || undefined}
      style={{ gridColumn: `${panel.x + 1} / span ${panel.w}`, gridRow: `${panel.y + 1} / span ${panel.h}`, "--rows": panel.h } as React.CSSProperties}
    >
      {head !== undefined ? head : title !== "" && (
        <header className={styles["head"]}>
          <h2 className={styles["title"]}>{title}</h2>
        </header>
      )}
      <div className={styles["body"]} {...reach}>
        {children}
      </div>
      {corner}
    </section>
  );
}
