import { Link } from "@tanstack/react-router";
import { useState, type KeyboardEvent, type PointerEvent, type ReactNode, type RefObject } from "react";

import { GuardedIcon } from "@/components/ui/guarded-icon";
import { Icon } from "@/components/ui/icon";
import { paths } from "@/config/paths";
import { COLUMNS } from "@/features/metrics/dashboards/grid";
import { compareOf } from "@/features/metrics/asked";
import { KIND_WORDS, textsOf } from "@/features/metrics/dashboards/model";
import { filledWhere, type Chosen } from "@/features/metrics/dashboards/variables";
import type { RangeSearch } from "@/lib/time";
import { useWorkspace } from "@/lib/workspace";
import type { DashboardPanel } from "@/schema/wire/dashboards";

import styles from "./dashboards.module.css";
import { PanelFrame } from "./panel-frame";
import type { PanelEdits } from "./panel-grid";

type Change = Partial<Record<"x" | "y" | "w" | "h", number>>;

interface PanelCellProps {
  readonly panel: DashboardPanel;
  readonly range: RangeSearch;
  readonly chosen: Chosen;
  readonly grid: RefObject<HTMLDivElement | null>;
  readonly edits: PanelEdits | undefined;
  /** A drag begins or ends: until then the others stand where they stood at its beginning. */
  readonly onMoving: (moving: boolean) => void;
  readonly onPlace: (change: Change) => void;
  readonly children: ReactNode;
}

const ROW_PX = 56; // with the gap, as in the style sheet
const ARROWS: Readonly<Record<string, readonly [number, number]>> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** One panel's frame. While edited it is moved by its handle and resized by its corner, with the mouse or with arrows. */
export function PanelCell({ panel, range, chosen, grid, edits, onMoving, onPlace, children }: PanelCellProps) {
  const [begun, setBegun] = useState<{ x: number; y: number; change: (dx: number, dy: number) => Change } | null>(null);
  const name = panel.title === undefined || panel.title === "" ? KIND_WORDS[panel.kind] : panel.title;
  const move = (dx: number, dy: number): Change => ({ x: panel.x + dx, y: panel.y + dy });
  const resize = (dx: number, dy: number): Change => ({ w: panel.w + dx, h: panel.h + dy });

  const end = () => {
    setBegun(null);
    onMoving(false);
  };
  const dragging = (change: (dx: number, dy: number) => Change) => ({
    onPointerDown: (event: PointerEvent) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      setBegun({ x: event.clientX, y: event.clientY, change });
      onMoving(true);
    },
    onPointerMove: (event: PointerEvent) => {
      const width = grid.current?.getBoundingClientRect().width ?? 0;
      if (begun === null || width === 0) return;
      const { x, y, change: from } = begun;
      const next = from(Math.round(((event.clientX - x) / width) * COLUMNS), Math.round((event.clientY - y) / ROW_PX));
      if (Object.entries(next).some(([side, value]) => panel[side as keyof Change] !== value)) onPlace(next);
    },
    onPointerUp: end,
    onPointerCancel: end,
    onKeyDown: (event: KeyboardEvent) => {
      const arrow = ARROWS[event.key];
      if (arrow === undefined) return;
      event.preventDefault();
      onPlace((event.shiftKey ? resize : change)(...arrow));
    },
  });

  return (
    <PanelFrame
      panel={panel}
      moving={begun !== null}
      head={(edits !== undefined || (panel.title ?? "") !== "") && (
          <header className={styles["head"]}>
            {edits !== undefined && (
              <button
                type="button"
                className={styles["handle"]}
                aria-label={`Move ${name}: arrows move it, shift and arrows resize it. It is at column ${panel.x + 1}, row ${panel.y + 1}, ${panel.w} wide, ${panel.h} high`}
                {...dragging(move)}
              >
                <Icon name="grip" size={14} />
              </button>
            )}
            <h2 className={styles["title"]}>{panel.title}</h2>
            {edits === undefined ? (
              <MetricsLink panel={panel} range={range} chosen={chosen} name={name} />
            ) : (
              <>
                <GuardedIcon icon="edit" label="Edit" name={`Edit ${name}`} reason={null} onClick={() => edits.onEdit(panel)} />
                <GuardedIcon icon="copy" label="Duplicate" name={`Duplicate ${name}`} reason={null} onClick={() => edits.onDuplicate(panel)} />
                <GuardedIcon icon="trash" label="Remove" name={`Remove ${name}`} reason={null} onClick={() => edits.onRemove(panel)} />
              </>
            )}
          </header>
        )}
      corner={edits !== undefined && <button type="button" className={styles["corner"]} aria-label={`Resize ${name} with arrows`} {...dragging(resize)} />}
    >
      {children}
    </PanelFrame>
  );
}

/** The same on the page of metrics, where it can be taken further. */
function MetricsLink({ panel, range, chosen, name }: Pick<PanelCellProps, "panel" | "range" | "chosen"> & { readonly name: string }) {
  const { slug } = useWorkspace();
  if (panel.kind !== "chart" && panel.kind !== "number" && panel.kind !== "heat_map") return null;
  const asked =
    panel.kind === "heat_map"
      ? { queries: [{ letter: "A", name: panel.name, aggregate: "avg" as const, ...(panel.where === undefined ? {} : { where: panel.where }) }] }
      : panel;
  const queries = asked.queries.map((query) => ({ ...query, where: filledWhere(query.where, chosen) }));
  const more =
    panel.kind === "heat_map" ? { view: "heat" as const } : { compare: compareOf(panel.compare_seconds), events: panel.kind === "chart" ? panel.events : undefined };
  return (
    <Link
      to={paths.metrics}
      params={{ workspace: slug }}
      search={{ q: textsOf({ ...asked, queries }), range: range.range, from: range.from, to: range.to, ...more }}
      aria-label={`Open ${name} in metrics`}
    >
      <Icon name="external" size={13} />
    </Link>
  );
}
