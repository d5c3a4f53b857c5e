import { Link } from "@tanstack/react-router";

import type { Fact } from "@/components/ui/facts";
import { paths } from "@/config/paths";
import { plural } from "@/lib/units";
import type { RunDetail } from "@/schema/wire/runs";

/** The runs that it came from, and those that came from it. */
export function kinFacts(run: RunDetail, workspace: string): Fact[] {
  const facts: Fact[] = [];
  const open = (runId: string, name: string) => (
    <Link to={paths.run} params={{ workspace, runId }} className="link">
      {name}
    </Link>
  );
  // One whose name is not known is gone from here, or was never reported.
  if (run.parent_run_id !== null) facts.push({ term: "Started by run", value: run.parent === null ? open(run.parent_run_id, "Open") : open(run.parent.id, run.parent.name) });
  if (run.copied_from !== null) facts.push({ term: "Copied from", value: open(run.copied_from.id, run.copied_from.name) });
  if (run.backfill_id !== null && run.backfill_id !== undefined) {
    facts.push({
      term: "Backfill",
      value: (
        <Link to={paths.backfill} params={{ workspace, backfillId: run.backfill_id }} className="link">
          Open the backfill
        </Link>
      ),
    });
  }
  if (run.children > 0) {
    facts.push({
      term: "Sub-runs",
      value: (
        <Link to={paths.run} params={{ workspace, runId: run.id }} search={{ tab: "subruns" }} className="link">
          {plural(run.children, "run")}
        </Link>
      ),
    });
  }
  return facts;
}
