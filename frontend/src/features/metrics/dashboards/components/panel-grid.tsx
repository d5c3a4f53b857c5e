import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";

import { panelsQuery } from "@/features/metrics/dashboards/api";
import { inOrder, placed } from "@/features/metrics/dashboards/grid";
import type { Chosen } from "@/features/metrics/dashboards/model";
import type { RangeSearch } from "@/lib/time";
import { useWorkspace } from "@/lib/workspace";
import type { DashboardPanel } from "@/schema/wire/dashboards";

import styles from "./dashboards.module.css";
import { PanelBody } from "./panel-body";
import { PanelCell } from "./panel-cell";

export interface PanelEdits {
  readonly onPlace: (panels: readonly DashboardPanel[]) => void;
  readonly onEdit: (panel: DashboardPanel) => void;
  readonly onDuplicate: (panel: DashboardPanel) => void;
  readonly onRemove: (panel: DashboardPanel) => void;
}

interface PanelGridProps {
  readonly panels: readonly DashboardPanel[];
  readonly range: RangeSearch;
  readonly chosen: Chosen;
  readonly onZoom: (from: number, to: number) => void;
  /** Only while the dashboard is edited. */
  readonly edits?: PanelEdits;
}

/** Panels where they belong. All that are made of metrics are asked for at once. */
export function PanelGrid({ panels, range, chosen, onZoom, edits }: PanelGridProps) {
  const { slug } = useWorkspace();
  const answer = useQuery(panelsQuery(slug, range, panels, chosen));
  const grid = useRef<HTMLDivElement>(null);
  const [origin, setOrigin] = useState<readonly DashboardPanel[] | null>(null);
  return (
    <div ref={grid} className={styles["grid"]}>
      {inOrder(panels).map((panel) => (
        <PanelCell
          key={panel.id}
          panel={panel}
          range={range}
          chosen={chosen}
          grid={grid}
          edits={edits}
          onMoving={(moving) => setOrigin(moving ? panels : null)}
          onPlace={(change) => edits?.onPlace(placed(origin ?? panels, panel.id, change))}
        >
          <PanelBody panel={panel} range={range} chosen={chosen} answer={answer} onZoom={onZoom} />
        </PanelCell>
      ))}
    </div>
  );
}
