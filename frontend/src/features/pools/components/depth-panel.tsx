import { Select, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { LineChart, type LineSeries } from "@/components/charts/line-chart";
import { ErrorState } from "@/components/ui/error-state";
import { Panel } from "@/components/ui/panel";
import { RangePicker } from "@/components/ui/range-picker";
import { depthQuery } from "@/features/pools/api/pools";
import { depthPoints, type PoolsSearch } from "@/features/pools/model";
import { formatStep, type RangeSearch } from "@/lib/time";
import { formatCount, formatDuration } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { DepthPoint, Pool } from "@/schema/wire/pools";

import styles from "./pools.module.css";

interface DepthPanelProps {
  readonly pool: Pool;
  readonly search: PoolsSearch;
  readonly onChange: (change: Partial<PoolsSearch>) => void;
}

const LINES = [
  { key: "running", name: "Running", color: "--state-running" },
  { key: "waiting", name: "Waiting", color: "--state-late" },
  // Dashed: its sand and the amber of who waits are one colour in a thin line.
  { key: "parked", name: "Kept back by limits", color: "--state-held", dashed: true },
] as const satisfies readonly (Pick<LineSeries, "name" | "color" | "dashed"> & { readonly key: keyof DepthPoint })[];
const USUAL: RangeSearch = { range: "6h" };
const ALL = "all";

/** How many runs waited, were kept back and ran, over time. */
export function DepthPanel({ pool, search, onChange }: DepthPanelProps) {
  const { slug } = useWorkspace();
  const range: RangeSearch = search.range === undefined && search.from === undefined ? USUAL : { range: search.range, from: search.from, to: search.to };
  const depth = useQuery(depthQuery(slug, pool.id, range));
  const queue = pool.queues.find((each) => each.id === search.queue)?.id;
  const points = useMemo(() => (depth.data === undefined ? [] : depthPoints(depth.data, queue)), [depth.data, queue]);
  const series = useMemo(
    (): LineSeries[] => LINES.map(({ key, ...line }) => ({ ...line, points: points.map((point) => [Date.parse(point.at), point[key]] as const) })),
    [points],
  );
  return (
    <Panel
      title="Queue depth"
      aside={
        <span className={styles["aside"]}>
          {pool.queues.length > 1 && (
            <Select
              aria-label="Queue"
              size="xs"
              w={150}
              allowDeselect={false}
              data={[{ value: ALL, label: "All queues" }, ...pool.queues.map((each) => ({ value: each.id, label: each.name }))]}
              value={queue ?? ALL}
              onChange={(next) => onChange({ queue: next === ALL ? undefined : (next ?? undefined) })}
            />
          )}
          <RangePicker value={range} onChange={(next) => onChange({ range: next.range, from: next.from, to: next.to })} />
        </span>
      }
    >
      {depth.isPending && <Skeleton height={200} aria-label="Loading the depth of the queues" role="status" />}
      {depth.isError && <ErrorState error={depth.error} what="depth of the queues" onRetry={() => void depth.refetch()} />}
      {depth.isSuccess && points.length === 0 && (
        <p className="muted" style={{ margin: 0 }}>
          Nothing was in {queue === undefined ? "any queue of it" : "this queue"} in this range. Queues are measured every 15 seconds.
        </p>
      )}
      {depth.isSuccess && points.length > 0 && (
        <>
          <DepthLegend points={points} />
          <LineChart
            series={series}
            unit={null}
            from={Date.parse(depth.data.from)}
            to={Date.parse(depth.data.to)}
            stepMs={depth.data.step_seconds * 1000}
            height={200}
            label={`Runs waiting, kept back and running in ${pool.name} over time; the most of each ${formatStep(depth.data.step_seconds)}`}
            onZoom={(from, to) => onChange({ range: undefined, from: new Date(from).toISOString(), to: new Date(to).toISOString() })}
          />
        </>
      )}
    </Panel>
  );
}

/** What each line is, its last and its highest value, and the longest wait of who was first. */
function DepthLegend({ points }: { readonly points: readonly DepthPoint[] }) {
  const last = points.at(-1);
  const longest = Math.max(...points.map((point) => point.oldest_seconds));
  return (
    <dl className={styles["legend"]}>
      {LINES.map(({ key, name, color, ...line }) => (
        <div key={key}>
          <dt>
            <span className={styles["swatch"]} data-dashed={"dashed" in line} style={{ color: `var(${color})` }} /> {name}
          </dt>
          <dd>
            {formatCount(last?.[key] ?? 0)} <span className="muted">at most {formatCount(Math.max(...points.map((point) => point[key])))}</span>
          </dd>
        </div>
      ))}
      <div>
        <dt>First in line</dt>
        <dd>
          {last === undefined || last.oldest_seconds === 0 ? "nobody waits" : `waits ${formatDuration(last.oldest_seconds * 1000)}`} <span className="muted">at most {formatDuration(longest * 1000)}</span>
        </dd>
      </div>
    </dl>
  );
}
