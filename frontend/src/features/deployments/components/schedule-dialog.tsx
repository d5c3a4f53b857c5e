import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import { fieldsOf } from "@/components/form/schema";
import { problemsInside, serverProblems } from "@/components/form/validate";
import { FormDialog } from "@/components/ui/form-dialog";
import { addSchedule, changeSchedule } from "@/features/deployments/api/mutations";
import { deploymentKeys, PREVIEWED } from "@/features/deployments/api/queries";
import { PreviewTimes } from "@/features/deployments/components/preview-times";
import { ScheduleMore } from "@/features/deployments/components/schedule-more";
import { ScheduleTimes } from "@/features/deployments/components/schedule-times";
import { changesOf, draftOf, newDraft, previewOf, readDraft, type ScheduleDraft } from "@/features/deployments/schedule-draft";
import { newIdempotencyKey } from "@/lib/api-client";
import { asApiError } from "@/lib/errors";
import { zoneName } from "@/lib/time";
import { useWorkspace } from "@/lib/workspace";
import type { Deployment, Schedule } from "@/schema/wire/deployments";

import styles from "./schedules.module.css";

interface ScheduleDialogProps {
  readonly deployment: Deployment;
  /** The one to change; a new one when there is none. */
  readonly schedule: Schedule | null;
  readonly onClose: () => void;
}

const SHOWN = ["cron", "interval_seconds", "anchor_at", "rrule", "once_at", "timezone", "name", "jitter_seconds", "missed_policy", "missed_cap"];

/** Say when a deployment starts by itself, and see at once when that would be. */
export function ScheduleDialog({ deployment, schedule, onClose }: ScheduleDialogProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const fields = useMemo(() => fieldsOf(deployment.parameter_schema), [deployment.parameter_schema]);
  const [draft, setDraft] = useState(() =>
    schedule === null ? newDraft(fields, deployment.parameters, zoneName(), Date.now()) : draftOf(schedule, fields, deployment.parameters, Date.now()),
  );
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const [tried, setTried] = useState(false);
  const [key, setKey] = useState(newIdempotencyKey);
  const { input, problems } = readDraft(draft, fields);
  const save = useMutation({
    mutationFn: () => (schedule === null ? addSchedule(slug, deployment.id, input, key) : changeSchedule(slug, schedule.id, changesOf(schedule, input))),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: deploymentKeys.all(slug) });
      onClose();
    },
  });
  const refused = save.error === null ? {} : asApiError(save.error).fields;
  const timesBroken = ["cron", "interval_seconds", "anchor_at", "rrule", "once_at", "timezone"].some((field) => field in problems);

  const set = (change: Partial<ScheduleDraft>, field: string) => {
    setDraft({ ...draft, ...change });
    setTouched(new Set([...touched, field]));
    setKey(newIdempotencyKey());
    save.reset();
  };
  const problemOf = (field: string): string | undefined => refused[field]?.join(" ") ?? (tried || touched.has(field) ? problems[field] : undefined);
  const parts = { draft, problemOf, onChange: set };
  return (
    <FormDialog
      title={schedule === null ? `When ${deployment.name} starts by itself` : "Change the schedule"}
      verb={schedule === null ? "Add schedule" : "Save"}
      size="xl"
      gap={null}
      busy={save.isPending}
      error={save.error}
      shown={[...SHOWN, ...fields.map((field) => `parameters.${field.name}`)]}
      onSubmit={() => {
        setTried(true);
        if (Object.keys(problems).length === 0) save.mutate();
      }}
      onClose={onClose}
    >
      <div className={styles["sides"]}>
        <div className={styles["side"]}>
          <ScheduleTimes {...parts} fixedKind={schedule !== null} />
        </div>
        <PreviewTimes body={timesBroken ? null : previewOf(input, PREVIEWED)} zone={draft.timezone} />
        <div className={styles["side"]}>
          <ScheduleMore {...parts} fields={fields} problems={{ ...(tried ? problemsInside(problems, "parameters") : {}), ...serverProblems(refused, fields) }} />
        </div>
      </div>
    </FormDialog>
  );
}
