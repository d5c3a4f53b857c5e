import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { ErrorState } from "@/components/ui/error-state";
import { Panel } from "@/components/ui/panel";
import { RelativeTime } from "@/components/ui/relative-time";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { StateIcon } from "@/components/ui/state-icon";
import { paths } from "@/config/paths";
import { costRunsQuery } from "@/features/costs/api/costs";
import { labelOf, moneyText, momentsOf, type CostsSearch } from "@/features/costs/model";
import { kindOf, wordOf } from "@/lib/run-state";
import { formatDate } from "@/lib/time";
import { plural } from "@/lib/units";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { CostGroup, CostOfRun, CostRuns, Costs } from "@/schema/wire/costs";

import styles from "./costs.module.css";

interface GroupProps {
  readonly costs: Costs;
  readonly group: CostGroup;
}

interface RunsPanelProps extends GroupProps {
  readonly search: CostsSearch;
}

/** Which runs made an amount, the dearest first. */
export function RunsPanel({ costs, group, search }: RunsPanelProps) {
  const { slug: workspace } = useWorkspace();
  const denial = useDenial("runs:read");
  const runs = useQuery({ ...costRunsQuery(workspace, { by: costs.by, key: group.key, from: costs.since, to: costs.until }), enabled: denial === null });
  const back = (
    <Link to={paths.costs} params={{ workspace }} search={{ ...search, of: undefined }} className="link">
      Close
    </Link>
  );
  return (
    <Panel title={`Runs of ${labelOf(costs, group)}, the dearest first`} aside={back} flush>
      {denial !== null && <p className={styles["inside"]}>{denial}</p>}
      {runs.isLoading && <SkeletonRows rows={4} label="runs" />}
      {runs.isError && <ErrorState error={runs.error} what="runs" onRetry={() => void runs.refetch()} />}
      {runs.data !== undefined && <Found costs={costs} group={group} found={runs.data} />}
    </Panel>
  );
}

function Found({ costs, group, found }: GroupProps & { readonly found: CostRuns }) {
  return (
    <>
      {found.runs.length > 0 && (
        <table className={styles["table"]} aria-label={`Runs of ${labelOf(costs, group)}`}>
          <tbody>
            {found.runs.map((run) => (
              <RunRow key={run.run_id} run={run} />
            ))}
          </tbody>
        </table>
      )}
      <p className={styles["inside"]}>
        {restText(found)} <AllRuns costs={costs} group={group} />
      </p>
    </>
  );
}

function RunRow({ run }: { readonly run: CostOfRun }) {
  const { slug: workspace } = useWorkspace();
  return (
    <tr>
      <td className={styles["what"]}>
        {run.state === null ? (
          <span className="muted">a run that is deleted</span>
        ) : (
          <Link to={paths.run} params={{ workspace, runId: run.run_id }} className="link">
            <StateIcon kind={kindOf(run.state)} size={13} /> {run.name}
          </Link>
        )}
        <span className={styles["under"]}>{[run.flow, run.deployment].filter((name) => name !== null).join(" / ")}</span>
      </td>
      <td className={styles["wide"]}>{run.state !== null && wordOf(run.state)}</td>
      <td className={styles["wide"]}>{run.created_at !== null && <RelativeTime at={run.created_at} />}</td>
      <td className={styles["number"]}>{run.money.length === 0 ? <span className="muted">no price</span> : moneyText(run.money)}</td>
    </tr>
  );
}

function restText({ runs, total, since, kept_from }: CostRuns): string {
  const before = since < kept_from ? ` What single runs used before ${formatDate(kept_from)} is not kept.` : "";
  if (runs.length === 0) return `No runs of these days.${before}`;
  return `${runs.length < total ? `The dearest ${runs.length} of ${plural(total, "run")}.` : `${plural(total, "run")}.`}${before}`;
}

/** The list of runs has filters for deployments and flows only. */
function AllRuns({ costs, group }: GroupProps) {
  const { slug: workspace } = useWorkspace();
  if (costs.by !== "deployment") return null;
  const of = group.id === null ? { flow_id: group.flow_id ?? undefined } : { deployment_id: group.id };
  return (
    <Link to={paths.runs} params={{ workspace }} search={{ ...momentsOf({ from: costs.since, to: costs.until }), ...of }} className="link">
      All runs that began in these days
    </Link>
  );
}
