import tooltip from "@/components/charts/chart-tooltip.module.css";
import { StateBadge } from "@/components/ui/state-badge";
import { endOf, type Columns } from "@/features/runs/timeline/columns";
import { formatDuration, plural } from "@/lib/units";

interface TimelineTooltipProps {
  readonly columns: Columns;
  readonly row: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly nowMs: number;
}

export function TimelineTooltip({ columns, row, x, y, width, nowMs }: TimelineTooltipProps) {
  const start = columns.start[row] ?? NaN;
  const ms = endOf(columns, row, nowMs) - start;
  const dependencies = columns.dependsOn[row] ?? [];
  const ready = Math.max(...dependencies.map((each) => endOf(columns, each, nowMs)));
  const side = x > width * 0.6 ? { right: width - x + 14 } : { left: x + 14 };
  return (
    <div className={tooltip["tooltip"]} style={{ ...side, top: Math.max(4, y - 12) }}>
      <div style={{ fontWeight: 600, overflow: "hidden", textOverflow: "ellipsis" }}>{columns.names[row]}</div>
      <StateBadge state={columns.states[columns.state[row] ?? 0] ?? ""} />
      {!Number.isNaN(start) && (
        <div>
          {formatDuration(ms)} <span className="muted">from +{formatDuration(start)}</span>
        </div>
      )}
      {dependencies.length > 0 && (
        <div className="muted">
          After {plural(dependencies.length, "task run")}
          {Number.isFinite(ready) && start > ready ? `, waited ${formatDuration(start - ready)}` : ""}
        </div>
      )}
    </div>
  );
}
