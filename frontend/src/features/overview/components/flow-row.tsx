import { Tooltip } from "@mantine/core";
import { Link, useNavigate, useRouter } from "@tanstack/react-router";

import { RunTicks } from "@/components/charts/run-ticks";
import { Icon } from "@/components/ui/icon";
import { RelativeTime } from "@/components/ui/relative-time";
import { StateIcon } from "@/components/ui/state-icon";
import { paths } from "@/config/paths";
import { rangeSearchOrDefault, trendOf } from "@/features/overview/model";
import { kindOfType } from "@/lib/run-state";
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
  const last = row.ticks.at(-1);
  const ofFlow = { ...rangeSearchOrDefault(search), flow_id: row.flow.id };
  return (
    <tr data-active={active}>
      <td>
        <span className={styles["flow"]}>
          {last !== undefined && <StateIcon kind={kindOfType(last.state_type)} />}
          <Link to={paths.runs} params={{ workspace }} search={ofFlow} className={styles["flowName"]}>
            {row.flow.name}
          </Link>
        </span>
      </td>
      <td className={styles["ticksCell"]}>
        <RunTicks
          ticks={row.ticks}
          hrefFor={(runId) => router.buildLocation({ to: paths.run, params: { workspace, runId } }).href}
          onOpen={(runId) => void navigate({ to: paths.run, params: { workspace, runId } })}
        />
      </td>
      <td className={styles["number"]} data-label="Success">
        {row.success_ratio !== null && row.success_ratio < 1 ? (
          <Link to={paths.runs} params={{ workspace }} search={{ ...ofFlow, state: ["failed", "crashed"] }} className="link">
            {formatRatio(row.success_ratio)}
          </Link>
        ) : (
          <Link to={paths.runs} params={{ workspace }} search={ofFlow} className={styles["plainLink"]}>
            {formatRatio(row.success_ratio)}
          </Link>
        )}
      </td>
      <td className={styles["number"]} data-label="p95">
        <Link to={paths.runs} params={{ workspace }} search={{ ...ofFlow, state: ["completed"] }} className={styles["plainLink"]}>
          {formatDuration(row.p95_duration_ms)}
        </Link>
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
            <RelativeTime at={row.next_run_at} none="none planned" />
          </Link>
        )}
      </td>
    </tr>
  );
}
