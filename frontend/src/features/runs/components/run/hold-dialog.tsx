import { useState } from "react";

import { FormDialog } from "@/components/ui/form-dialog";
import { OptionCards } from "@/components/ui/option-cards";
import type { Run } from "@/schema/wire/runs";

type Hold = "pause" | "suspension";

interface HoldDialogProps {
  readonly run: Run;
  /** Why it can't be suspended; null when it can. */
  readonly suspendDenial: string | null;
  readonly busy: boolean;
  readonly error: unknown;
  readonly onHold: (how: Hold) => void;
  readonly onClose: () => void;
}

const SUSPEND = {
  value: "suspension",
  label: "Suspend",
  description:
    "Its process leaves once the tasks that it is at are done, and gives back its place and its slots. Resumed, a new process goes on, on whichever agent is free: tasks with kept results are passed over, code outside of tasks runs again.",
} as const;

/** Two ways to hold a run, and what each of them costs. */
export function HoldDialog({ run, suspendDenial, busy, error, onHold, onClose }: HoldDialogProps) {
  // One that waits for an answer begins nothing anyway: there is nothing to pause.
  const isPaused = run.state_type === "PAUSED";
  const [how, setHow] = useState<Hold>(isPaused ? "suspension" : "pause");
  const pause = {
    value: "pause",
    label: "Pause",
    description: "It begins no further task; those that run now end as they do. Its process waits where it is, keeps its place at the agent and its slots, and goes on at once when it is resumed.",
  } as const;
  return (
    <FormDialog
      title={isPaused ? `Suspend ${run.name}` : `Pause ${run.name}`}
      verb={how === "pause" ? "Pause run" : "Suspend run"}
      gap={how === "suspension" ? suspendDenial : null}
      busy={busy}
      error={error}
      onSubmit={() => onHold(how)}
      onClose={onClose}
    >
      {isPaused ? (
        <p style={{ margin: 0 }}>{SUSPEND.description}</p>
      ) : (
        <OptionCards label="How" options={[pause, { ...SUSPEND, reason: suspendDenial }]} value={how} onChange={setHow} />
      )}
      <p className="muted" style={{ margin: 0 }}>
        Time limits stand still meanwhile.
      </p>
    </FormDialog>
  );
}
