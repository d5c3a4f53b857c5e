import { getRouteApi, useNavigate } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { RunApprovals } from "@/features/approvals/components/run-approvals";
import { RunCostFact, RunCostPanel } from "@/features/costs/components/run-cost";
import { CopyDialog } from "@/features/deployments/components/copy-dialog";
import { RunPage } from "@/features/runs/components/run/run-page";

const route = getRouteApi(paths.run);

export function RunRoute() {
  const search = route.useSearch();
  const { runId, workspace } = route.useParams();
  const navigate = route.useNavigate();
  const goTo = useNavigate();
  return (
    <RunPage
      key={runId}
      runId={runId}
      search={search}
      onChange={(change) => void navigate({ search: { ...search, ...change }, replace: true, resetScroll: false })}
      copying={(run, onClose) =>
        run.deployment !== null && (
          <CopyDialog
            run={run}
            deployment={run.deployment}
            onClose={onClose}
            onStarted={(started) => {
              onClose();
              void goTo({ to: paths.run, params: { workspace, runId: started } });
            }}
          />
        )
      }
      cost={{
        fact: (run) => <RunCostFact runId={run.id} going={run.ended_at === null} />,
        panel: (run) => <RunCostPanel runId={run.id} going={run.ended_at === null} />,
      }}
      approvals={(run, onAnswered) => <RunApprovals approvals={run.approvals} onAnswered={onAnswered} />}
    />
  );
}
