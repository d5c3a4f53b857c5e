import { useState } from "react";

import { FormDialog } from "@/components/ui/form-dialog";
import { OptionCards } from "@/components/ui/option-cards";
import type { RetryFrom, Run } from "@/schema/wire/runs";

interface RetryDialogProps {
  readonly run: Run;
  readonly busy: boolean;
  readonly error: unknown;
  readonly onRetry: (from: RetryFrom) => void;
  readonly onClose: () => void;
}

const OPTIONS = [
  { value: "start", label: "From the start", description: "Every task runs again, and questions are asked anew." },
  {
    value: "failed",
    label: "From what failed",
    description: "The flow is called from its first line, and passes over the tasks whose results were kept. What is not in a task runs again; where nothing was kept, everything does.",
  },
] as const;

/** The same run once more, as its next attempt. */
export function RetryDialog({ run, busy, error, onRetry, onClose }: RetryDialogProps) {
  const hasDone = (run.task_counts?.["COMPLETED"] ?? 0) > 0;
  const [from, setFrom] = useState<RetryFrom>("start");
  return (
    <FormDialog title={`Retry ${run.name}`} verb="Retry run" gap={null} busy={busy} error={error} onSubmit={() => onRetry(from)} onClose={onClose}>
      <p style={{ margin: 0 }}>Attempt {run.attempt + 1} starts with the same parameters. Everything recorded so far stays.</p>
      <OptionCards label="Where it begins" options={OPTIONS.map((each) => (each.value === "failed" && !hasDone ? { ...each, reason: "No task of it was done." } : each))} value={from} onChange={setFrom} />
    </FormDialog>
  );
}
