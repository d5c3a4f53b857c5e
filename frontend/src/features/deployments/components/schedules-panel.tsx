import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { GuardedButton } from "@/components/ui/guarded-button";
import { GuardedIcon } from "@/components/ui/guarded-icon";
import { GuardedSwitch } from "@/components/ui/guarded-switch";
import { Icon } from "@/components/ui/icon";
import { Panel } from "@/components/ui/panel";
import { changeSchedule, deleteSchedule } from "@/features/deployments/api/mutations";
import { deploymentKeys } from "@/features/deployments/api/queries";
import { ScheduleDialog } from "@/features/deployments/components/schedule-dialog";
import { scheduleNotes } from "@/features/deployments/model";
import { asApiError } from "@/lib/errors";
import { useMay } from "@/lib/may";
import { scheduleWords } from "@/lib/schedule-words";
import { useWorkspace } from "@/lib/workspace";
import type { Deployment, Schedule } from "@/schema/wire/deployments";

import styles from "./deployments.module.css";

interface SchedulesPanelProps {
  readonly deployment: Deployment;
  /** The schedule whose form is open, "new" for one to be. */
  readonly open: string | undefined;
  readonly onOpen: (schedule: string | undefined) => void;
}

export function SchedulesPanel({ deployment, open, onOpen }: SchedulesPanelProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const denial = useMay(deployment.may, "deployments:write");
  const [removing, setRemoving] = useState<Schedule | null>(null);
  const refresh = () => client.invalidateQueries({ queryKey: deploymentKeys.all(slug) });
  const change = useMutation({
    mutationFn: ({ id, paused }: { id: string; paused: boolean }) => changeSchedule(slug, id, { paused }),
    onSuccess: refresh,
    onError: (error) => notifications.show({ color: "red", message: asApiError(error).message }),
  });
  const remove = useMutation({
    mutationFn: (id: string) => deleteSchedule(slug, id),
    onSuccess: () => {
      setRemoving(null);
      return refresh();
    },
  });
  const opened = deployment.schedules.find((each) => each.id === open) ?? null;
  return (
    <Panel
      title="Schedules"
      flush
      aside={
        <GuardedButton variant="subtle" size="compact-xs" reason={denial} leftSection={<Icon name="plus" size={12} />} onClick={() => onOpen("new")}>
          Add
        </GuardedButton>
      }
    >
      {deployment.schedules.length === 0 && (
        <p className="muted" style={{ margin: 0, padding: 12 }}>
          It starts only by hand or through the API.
        </p>
      )}
      {deployment.schedules.map((schedule) => {
        const words = scheduleWords(schedule);
        const named = schedule.name === "" ? words : schedule.name;
        const notes = scheduleNotes(schedule);
        return (
          <div key={schedule.id} className={styles["scheduleRow"]}>
            <GuardedSwitch reason={denial} label={`Schedule ${named} active`} checked={!schedule.paused} onChange={(on) => change.mutate({ id: schedule.id, paused: !on })} />
            <span className={styles["grow"]}>
              {schedule.name !== "" && <strong className={styles["name"]}>{schedule.name} </strong>}
              {words}
              {schedule.cron !== null && <span className={`${styles["under"]} mono`}>{schedule.cron}</span>}
              {schedule.rrule !== null && !words.startsWith(schedule.rrule) && <span className={`${styles["under"]} ${styles["rule"]} mono`}>{schedule.rrule}</span>}
              {notes !== "" && <span className={styles["under"]}>{notes}</span>}
              {schedule.fault !== null && (
                <span className={`${styles["under"]} ${styles["fault"]}`}>
                  <Icon name="alert" size={12} /> It rests: {schedule.fault} Change it to let it go on.
                </span>
              )}
            </span>
            <GuardedIcon icon="edit" label="Change" name={`Change schedule ${named}`} reason={denial} onClick={() => onOpen(schedule.id)} />
            <GuardedIcon icon="trash" label="Delete" name={`Delete schedule ${named}`} reason={denial} onClick={() => setRemoving(schedule)} />
          </div>
        );
      })}
      {denial === null && (open === "new" || opened !== null) && (
        <ScheduleDialog key={open} deployment={deployment} schedule={opened} onClose={() => onOpen(undefined)} />
      )}
      <ConfirmDialog
        opened={removing !== null}
        title="Delete this schedule"
        verb="Delete schedule"
        danger
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => {
          if (removing !== null) remove.mutate(removing.id);
        }}
        onClose={() => setRemoving(null)}
      >
        {removing !== null && `${deployment.name} no longer starts ${scheduleWords(removing)}. Runs that exist stay.${removing.declared ? " A deploy that still names it makes it again." : ""}`}
      </ConfirmDialog>
    </Panel>
  );
}
