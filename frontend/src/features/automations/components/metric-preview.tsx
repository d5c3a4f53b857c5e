import { LineChart } from "@/components/charts/line-chart";
import type { Span } from "@/lib/time";
import { plural } from "@/lib/units";
import type { Preview, MetricTrigger } from "@/schema/wire/automations";

import styles from "./automations.module.css";

const COLOURS = 8;

interface MetricPreviewProps {
  readonly preview: Preview & Span;
  readonly trigger: MetricTrigger;
}

/** What the rule compares, look by look, beside what it is compared with. */
export function MetricPreview({ preview, trigger }: MetricPreviewProps) {
  const from = Date.parse(preview.from);
  const to = Date.parse(preview.to);
  const stepMs = stepOf(preview.lines.flatMap((line) => line.points.map(([at]) => at)).slice(0, 2));
  const level = (name: string, value: number | null) =>
    value === null ? [] : [{ name, color: "--state-failed", dashed: true, points: preview.lines[0]?.points.map(([at]) => [at, value] as const) ?? [] }];
  const series = [
    ...preview.lines.map((line, place) => ({
      name: Object.values(line.labels).join(", ") || trigger.metric,
      color: `--series-${(place % COLOURS) + 1}`,
      points: line.points,
    })),
    ...level("threshold", trigger.threshold),
    ...level("over at", trigger.resolve_at),
  ];
  return (
    <>
      {preview.lines.length === 0 ? (
        <p className={styles["quiet"]}>No points in this time.</p>
      ) : (
        <LineChart
          series={series}
          unit={null}
          from={from}
          to={to}
          stepMs={stepMs}
          height={180}
          label={`What it compares of ${trigger.metric}, ${plural(preview.lines.length, "line")}, and the threshold`}
        />
      )}
      <p className="muted">
        It would have looked {plural(preview.moments, "time")}
        {trigger.is === "absent" ? "; drawn is how many points it saw." : "."}
      </p>
    </>
  );
}

function stepOf([first, second]: readonly number[]): number {
  return first === undefined || second === undefined || second <= first ? 60_000 : second - first;
}
