import { Tooltip } from "@mantine/core";
import { Link, useNavigate, useRouter } from "@tanstack/react-router";

import { RunTicks } from "@/components/charts/run-ticks";
import { Icon } from "@/components/ui/icon";
import { RelativeTime } from "@/components/ui/relative-time";
import { paths } from "@/config/paths";
import { rangeSearchOrDefault, trendOf } from "@/features/overview/model";
import type { RangeSearch } from "@/lib/time";
import { formatDuration, formatRatio } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { OverviewFlow } from "@/schema/wire/overview";

import styles from "./overview.module.css";

interface FlowRowProps {
  readonly row: OverviewFlow;
  readonly search: RangeSearch;
  readonly active: boolean;
}

const TREND_WORDS = {
  slower: "The last five runs took a quarter longer than those before, or more.",
  faster: "The last five runs took a quarter less than those before, or less.",
} as const;

export function FlowRow({ row, search, active }: FlowRowProps) {
  const { slug: workspace } = useWorkspace();
  const navigate = useNavigate();
  const router = useRouter();
  const trend = trendOf(row.ticks);
  return (
    <tr data-active={active}>
      <td>
        <Link
          to={paths.runs}
          params={{ workspace }}
          search={{ ...rangeSearchOrDefault(search), flow_id: row.flow.id }}
          className={styles["flowName"]}
        >
          {row.flow.name}
        </Link>
      </td>
      <td className={styles["ticksCell"]}>
        <RunTicks
          ticks={row.ticks}
          hrefFor={(runId) => router.buildLocation({ to: paths.run, params: { workspace, runId } }).href}
          onOpen={(runId) => void navigate({ to: paths.run, params: { workspace, runId } })}
        />
      </td>
      <td className={styles["number"]} data-label="Success">
        {formatRatio(row.success_ratio)}
      </td>
      <td className={styles["number"]} data-label="p95">
        {formatDuration(row.p95_duration_ms)}
        {(trend === "slower" || trend === "faster") && (
          <Tooltip label={TREND_WORDS[trend]}>
            <span className={styles["trend"]} role="img" aria-label={trend}>
              <Icon name={trend === "slower" ? "arrowUp" : "arrowDown"} size={13} />
            </span>
          </Tooltip>
        )}
      </td>
      <td className={styles["number"]} data-label="Next">
        {row.deployment_id === null ? (
          <RelativeTime at={row.next_run_at} none="not deployed" />
        ) : (
          <Link to={paths.deployment} params={{ workspace, deploymentId: row.deployment_id }} className="link">
            <RelativeTime at={row.next_run_at} none="no schedule" />
          </Link>
        )}
      </td>
    </tr>
  );
}
