import { Skeleton } from "@mantine/core";
import { useEffect, useRef } from "react";

import { sparkShape, type SparkPoints } from "@/components/charts/sparkline";
import { RelativeTime } from "@/components/ui/relative-time";
import { unitOf, usualAggregate } from "@/features/metrics/model";
import { formatStep } from "@/lib/time";
import { formatValue, plural } from "@/lib/units";
import type { MetricInfo } from "@/schema/wire/telemetry";

import styles from "./metrics.module.css";

/** What a card knows of its metric's line. */
export type Glance =
  | { readonly status: "pending" }
  | { readonly status: "failed" }
  | { readonly status: "drawn"; readonly points: SparkPoints; readonly from: number; readonly to: number; readonly stepSeconds: number };

interface MetricCardProps {
  readonly metric: MetricInfo;
  readonly glance: Glance;
  readonly active: boolean;
  readonly onPick: () => void;
}

const WIDTH = 240;
const HEIGHT = 44;

/** One metric at a glance: its name, its last value, and its line over the chosen range. */
export function MetricCard({ metric, glance, active, onPick }: MetricCardProps) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (active) button.current?.scrollIntoView({ block: "nearest" });
  }, [active]);
  const aggregate = usualAggregate(metric);
  const unit = unitOf(aggregate, metric.unit);
  const points = glance.status === "drawn" ? glance.points : [];
  const last = points.findLast(([, value]) => value !== null)?.[1];
  return (
    <button ref={button} type="button" className={styles["metric"]} data-active={active || undefined} onClick={onPick}>
      <span className={styles["metricHead"]}>
        <span className={`${styles["metricName"]} mono`}>{metric.name}</span>{" "}
        <span className={`${styles["metricLast"]} tabular`}>{last !== undefined && formatValue(last, unit)}</span>
      </span>{" "}
      <Line glance={glance} unit={unit} />{" "}
      <span className="muted">
        {glance.status === "drawn" && `${aggregate} per ${formatStep(glance.stepSeconds)} · `}
        {plural(metric.series, "series", "series")} · <RelativeTime at={metric.last_at} />
      </span>
    </button>
  );
}

function Line({ glance, unit }: { readonly glance: Glance; readonly unit: string | null }) {
  if (glance.status === "pending") return <Skeleton height={HEIGHT} my={4} />;
  if (glance.status === "failed") return <span className={styles["noLine"]}>Not loaded</span>;
  const shape = sparkShape(glance.points, glance.from, glance.to, WIDTH, HEIGHT);
  if (shape === null) return <span className={styles["noLine"]}>No points in this range</span>;
  return (
    <>
      <svg className={styles["spark"]} viewBox={`0 -2 ${WIDTH} ${HEIGHT + 3}`} preserveAspectRatio="none" aria-hidden="true">
        <path d={shape.area} className={styles["sparkArea"]} />
        <path d={shape.line} className={styles["sparkLine"]} vectorEffect="non-scaling-stroke" />
        {shape.dots.map((dot) => (
          <path key={dot.x} d={`M${dot.x} ${dot.y}h0.01`} className={styles["sparkDot"]} vectorEffect="non-scaling-stroke" />
        ))}
      </svg>
      <span className="visually-hidden">{`from ${formatValue(shape.least, unit)} to ${formatValue(shape.most, unit)}`}</span>
    </>
  );
}
