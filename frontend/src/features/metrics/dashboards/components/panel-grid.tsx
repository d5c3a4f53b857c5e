import { useQuery } from "@tanstack/react-query";
import { useMemo, useRef, useState } from "react";

import { panelsQuery } from "@/features/metrics/dashboards/api";
import { inOrder, placed } from "@/features/metrics/dashboards/grid";
import type { Chosen } from "@/features/metrics/dashboards/variables";
import type { RangeSearch } from "@/lib/time";
import { useWorkspace } from "@/lib/workspace";
import type { DashboardPanel, DashboardVariable } from "@/schema/wire/dashboards";

import styles from "./dashboards.module.css";
import { PanelBody } from "./panel-body";
import { PanelCell } from "./panel-cell";
import { PanelHomeContext } from "./panel-home";

export interface PanelEdits {
  readonly onPlace: (panels: readonly DashboardPanel[]) => void;
  readonly onEdit: (panel: DashboardPanel) => void;
  readonly onDuplicate: (panel: DashboardPanel) => void;
  readonly onRemove: (panel: DashboardPanel) => void;
}

interface PanelGridProps {
  readonly panels: readonly DashboardPanel[];
  readonly variables: readonly DashboardVariable[];
  readonly range: RangeSearch;
  readonly chosen: Chosen;
  readonly onZoom: (from: number, to: number) => void;
  /** Only while the dashboard is edited. */
  readonly edits?: PanelEdits;
}

/** Panels where they belong, all asked for at once. */
export function PanelGrid({ panels, variables, range, chosen, onZoom, edits }: PanelGridProps) {
  const { slug } = useWorkspace();
  const asked = useQuery(panelsQuery(slug, range, panels, variables, chosen));
  const home = useMemo(() => ({ workspace: slug, range, chosen }), [slug, range, chosen]);
  const grid = useRef<HTMLDivElement>(null);
  const [origin, setOrigin] = useState<readonly DashboardPanel[] | null>(null);
  return (
    <PanelHomeContext value={home}>
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
            <PanelBody panel={panel} asked={asked} onZoom={onZoom} />
          </PanelCell>
        ))}
      </div>
    </PanelHomeContext>
  );
}
