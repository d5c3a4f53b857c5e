import { Link } from "@tanstack/react-router";

import { StackedHistogram } from "@/components/charts/stacked-histogram";
import { stackByState } from "@/components/charts/state-stack";
import { Panel } from "@/components/ui/panel";
import { StateIcon } from "@/components/ui/state-icon";
import { paths } from "@/config/paths";
import { rangeSearchOrDefault, totalRuns } from "@/features/overview/model";
import { kindOfType, STATE_TYPES } from "@/lib/run-state";
import type { RangeSearch } from "@/lib/time";
import { formatCount } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { Overview } from "@/schema/wire/overview";

import styles from "./overview.module.css";

interface OverviewHistogramProps {
  readonly overview: Overview;
  readonly search: RangeSearch;
  readonly onRange: (range: RangeSearch) => void;
}

/** Runs of the range by state; every count leads to the list it counts. */
export function OverviewHistogram({ overview, search, onRange }: OverviewHistogramProps) {
  const { slug } = useWorkspace();
  const { counts, histogram } = overview;
  const range = rangeSearchOrDefault(search);
  return (
    <Panel
      title="Runs"
      aside={
        <Link to={paths.runs} params={{ workspace: slug }} search={range} className="link">
          {formatCount(totalRuns(counts))} in all
        </Link>
      }
    >
      <div className={styles["counts"]}>
        {STATE_TYPES.filter((type) => (counts[type] ?? 0) > 0).map((type) => {
          const kind = kindOfType(type);
          return (
            <Link
              key={type}
              to={paths.runs}
              params={{ workspace: slug }}
              search={{ ...range, state: type === "SCHEDULED" ? ["scheduled", "late", "held"] : [kind] }}
              className={styles["count"]}
            >
              <StateIcon kind={kind} />
              <strong>{formatCount(counts[type] ?? 0)}</strong> {kind}
            </Link>
          );
        })}
      </div>
      <StackedHistogram
        buckets={stackByState(histogram)}
        stepMs={histogram.step_seconds * 1000}
        noun="runs"
        onSelect={(from, to) => onRange({ from: new Date(from).toISOString(), to: new Date(to).toISOString() })}
      />
    </Panel>
  );
}
