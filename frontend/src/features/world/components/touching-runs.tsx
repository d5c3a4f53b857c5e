import { Button, SegmentedControl } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { CopyId } from "@/components/ui/copy-id";
import { ListStates } from "@/components/ui/list-states";
import { Panel } from "@/components/ui/panel";
import { RelativeTime } from "@/components/ui/relative-time";
import { StateBadge } from "@/components/ui/state-badge";
import { usePages } from "@/components/ui/use-pages";
import { paths } from "@/config/paths";
import { touchingRunsQuery } from "@/features/world/api/world";
import { roleWord, TOUCHES, type Touching } from "@/features/world/model";
import { oneOf } from "@/lib/search-params";
import { plural } from "@/lib/units";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { TouchingRun } from "@/schema/wire/world";

import styles from "./touching-runs.module.css";

const CHOICES = [
  { value: "", label: "All" },
  { value: "writes", label: "Wrote" },
  { value: "reads", label: "Read" },
];
const NONE: Readonly<Record<Touching | "any", string>> = {
  writes: "No run was seen writing it in the last 90 days.",
  reads: "No run was seen reading it in the last 90 days.",
  any: "No run was seen touching it in the last 90 days. Runs are known by the run_id of the events that tell of it: what a flow of Headway’s SDK sends has one.",
};

interface TouchingRunsProps {
  readonly id: string;
  readonly role: Touching | undefined;
  readonly onRole: (role: Touching | undefined) => void;
  /** What runs are expected to touch says so when none did; anything else has no such list then. */
  readonly expected: boolean;
}

/** Which runs touched it lately, and how they went. */
export function TouchingRuns({ id, role, onRole, expected }: TouchingRunsProps) {
  const { slug } = useWorkspace();
  const denial = useDenial("runs:read");
  const runs = useInfiniteQuery({ ...touchingRunsQuery(slug, id, role), enabled: denial === null });
  const { rows, more } = usePages(runs);
  if (!expected && role === undefined && rows.length === 0) return null;
  const choice = <SegmentedControl aria-label="How they touched it" size="xs" data={CHOICES} value={role ?? ""} onChange={(value) => onRole(oneOf(value, TOUCHES))} />;
  return (
    <div className={styles["runs"]}>
      <Panel flush title="Runs" aside={denial === null && choice}>
        {denial !== null ? (
          <p className={styles["none"]}>{denial}</p>
        ) : (
          <ListStates query={runs} what="runs" rows={3} count={rows.length} empty={<p className={styles["none"]}>{NONE[role ?? "any"]}</p>}>
            <ul className={styles["list"]} aria-label="Runs that touched it" data-stale={runs.isPlaceholderData}>
              {rows.map((each) => (
                <Row key={each.run_id} touching={each} />
              ))}
            </ul>
          </ListStates>
        )}
        {runs.hasNextPage && (
          <div className={styles["more"]}>
            <Button variant="default" loading={runs.isFetchingNextPage} onClick={more}>
              Show more
            </Button>
          </div>
        )}
      </Panel>
    </div>
  );
}

function Row({ touching }: { readonly touching: TouchingRun }) {
  const { slug: workspace } = useWorkspace();
  const { run, run_id, roles, count, last_seen } = touching;
  return (
    <li className={styles["row"]}>
      <span>{run === null ? <span className="muted">Not kept</span> : <StateBadge state={run.state} />}</span>
      {run === null ? (
        <span className={styles["which"]}>
          <span className="muted">run</span> <CopyId id={run_id} />
        </span>
      ) : (
        <span className={styles["which"]}>
          <Link to={paths.run} params={{ workspace, runId: run.id }} className="link">
            {run.name}
          </Link>{" "}
          <span className="muted">{run.flow.name}</span>
          {run.deployment !== null && (
            <>
              <span className="muted"> / </span>
              <Link to={paths.deployment} params={{ workspace, deploymentId: run.deployment.id }}>
                {run.deployment.name}
              </Link>
            </>
          )}
        </span>
      )}
      <span className={styles["how"]}>{roles.map(roleWord).join(", ")}</span>
      <span className={styles["times"]}>{plural(count, "time")}</span>
      <span className={styles["when"]}>
        <RelativeTime at={last_seen} />
      </span>
    </li>
  );
}
