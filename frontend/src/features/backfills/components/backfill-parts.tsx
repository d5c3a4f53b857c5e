import { NativeSelect } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { GuardedButton } from "@/components/ui/guarded-button";
import { ListStates } from "@/components/ui/list-states";
import { Panel } from "@/components/ui/panel";
import { StateBadge } from "@/components/ui/state-badge";
import { usePages } from "@/components/ui/use-pages";
import { paths } from "@/config/paths";
import { partsQuery } from "@/features/backfills/api/backfills";
import { PART_STATES, type BackfillSearch } from "@/features/backfills/model";
import { kindOfType, kindWord } from "@/lib/run-state";
import { formatCount, formatDuration } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { Backfill } from "@/schema/wire/backfills";

import styles from "./backfills.module.css";

interface BackfillPartsProps {
  readonly backfill: Backfill;
  readonly state: BackfillSearch["state"];
  readonly onState: (state: BackfillSearch["state"]) => void;
}

/** Each time or partition with its run. */
export function BackfillParts({ backfill, state, onState }: BackfillPartsProps) {
  const { slug: workspace } = useWorkspace();
  const parts = useInfiniteQuery(partsQuery(workspace, backfill.id, state));
  const { rows, more } = usePages(parts);
  const countOf = (each: (typeof PART_STATES)[number]) => (each === "UNMADE" ? backfill.parts_total - backfill.made : (backfill.counts[each] ?? 0));
  const shown = PART_STATES.filter((each) => countOf(each) > 0 || each === state);
  return (
    <Panel
      title="Parts"
      flush
      aside={
        <NativeSelect
          aria-label="State of the parts"
          value={state ?? ""}
          onChange={(event) => onState(PART_STATES.find((each) => each === event.currentTarget.value))}
          data={[
            { value: "", label: `all ${formatCount(backfill.parts_total)}` },
            ...shown.map((each) => ({ value: each, label: `${each === "UNMADE" ? "Not made yet" : kindWord(kindOfType(each))}: ${formatCount(countOf(each))}` })),
          ]}
        />
      }
    >
      <ListStates query={parts} what="parts" count={rows.length} empty={<p className="muted" style={{ padding: 12, margin: 0 }}>No part is in this state.</p>}>
        <table className={styles["parts"]} aria-label="Parts">
          <thead>
            <tr>
              <th>Part</th>
              <th>Run</th>
              <th>State</th>
              <th>Took</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((part) => (
              <tr key={part.position}>
                <td className="mono">{part.key}</td>
                <td>
                  {part.run === null ? (
                    <span className="muted">{part.run_id === null ? "not made yet" : "no longer kept"}</span>
                  ) : (
                    <Link to={paths.run} params={{ workspace, runId: part.run.id }} className="link">
                      {part.run.name}
                    </Link>
                  )}
                </td>
                <td>{part.run !== null && <StateBadge state={part.run.state} />}</td>
                <td>{part.run !== null && formatDuration(part.run.duration_ms)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ListStates>
      {parts.hasNextPage && (
        <div style={{ padding: 12 }}>
          <GuardedButton variant="default" reason={null} loading={parts.isFetchingNextPage} onClick={more}>
            Show more
          </GuardedButton>
        </div>
      )}
    </Panel>
  );
}
