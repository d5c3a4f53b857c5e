import { EmptyState } from "@/components/ui/empty-state";
import { JsonView } from "@/components/ui/json-view";
import type { Run } from "@/schema/wire/runs";

export function ParametersTab({ run }: { readonly run: Run }) {
  if (Object.keys(run.parameters).length === 0) {
    return (
      <EmptyState icon="json" title="This run has no parameters" code={"@flow\ndef main(day: date, limit: int = 100): ..."}>
        The arguments of the flow’s function are kept here, as they were when the run was made.
      </EmptyState>
    );
  }
  return <JsonView value={run.parameters} label="parameters" />;
}
