import { Button } from "@mantine/core";

import { EmptyState } from "@/components/ui/empty-state";
import { isFiltered, type RunsSearch } from "@/features/runs/runs-search";
import { useWorkspace } from "@/lib/workspace";

interface RunsEmptyProps {
  readonly search: RunsSearch;
  readonly onChange: (change: Partial<RunsSearch>) => void;
}

export function RunsEmpty({ search, onChange }: RunsEmptyProps) {
  const { slug } = useWorkspace();
  if (isFiltered(search)) {
    return (
      <EmptyState icon="filter" title="No run matches">
        Nothing in this range has these filters. Widen the range or clear a filter.
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon="runs"
      title="No runs in this range"
      code={`headway login --url ${window.location.origin} --workspace ${slug}\npython flow.py`}
      action={
        search.range === "30d" ? undefined : (
          <Button variant="subtle" onClick={() => onChange({ range: "30d", from: undefined, to: undefined })}>
            Look at the last 30 days
          </Button>
        )
      }
    >
      Every run of a function with @flow on it shows up here, from a laptop as well as from an agent.
    </EmptyState>
  );
}
