import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { TagList } from "@/components/ui/tag-list";
import { paths } from "@/config/paths";
import { runMetricsQuery } from "@/features/runs/api/run";
import { formatCount, formatValue } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { Run } from "@/schema/wire/runs";

import styles from "./run-page.module.css";

export function MetricsTab({ run }: { readonly run: Run }) {
  const { slug: workspace } = useWorkspace();
  const metrics = useQuery(runMetricsQuery(workspace, run.id));
  if (metrics.isPending) return <SkeletonRows rows={4} label="metrics" />;
  if (metrics.isError) return <ErrorState error={metrics.error} what="metrics" onRetry={() => void metrics.refetch()} />;
  if (metrics.data.items.length === 0) {
    return (
      <EmptyState icon="metrics" title="No metrics from this run" code={'from headway import metric\n\nmetric("rows_loaded", rows, labels={"table": "flights"})'}>
        Numbers that a run reports are kept with it and become lines over time.
      </EmptyState>
    );
  }
  return (
    <Panel flush>
      <table className={styles["metrics"]}>
        <thead>
          <tr>
            <th>Metric</th>
            <th>Labels</th>
            <th>Last</th>
            <th>Least</th>
            <th>Most</th>
            <th>Points</th>
          </tr>
        </thead>
        <tbody>
          {metrics.data.items.map((item) => {
            const labels = Object.entries(item.labels).map(([key, value]) => `${key}=${value}`);
            return (
              <tr key={`${item.name}{${labels.join(",")}}`}>
                <td>
                  <Link to={paths.metrics} params={{ workspace }} search={{ q: [`avg(${item.name})`] }} className="link mono">
                    {item.name}
                  </Link>
                </td>
                <td>
                  <TagList tags={labels} />
                </td>
                <td>{formatValue(item.last, item.unit)}</td>
                <td>{formatValue(item.min, item.unit)}</td>
                <td>{formatValue(item.max, item.unit)}</td>
                <td>{formatCount(item.count)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Panel>
  );
}
