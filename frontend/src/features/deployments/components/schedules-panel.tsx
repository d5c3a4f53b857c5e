import { ActionIcon, Switch, Tooltip } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { Panel } from "@/components/ui/panel";
import { changeSchedule, deleteSchedule } from "@/features/deployments/api/mutations";
import { deploymentKeys } from "@/features/deployments/api/queries";
import { ScheduleForm } from "@/features/deployments/components/schedule-form";
import { scheduleWords } from "@/features/deployments/model";
import { asApiError } from "@/lib/errors";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { Deployment, Schedule } from "@/schema/wire/deployments";

import styles from "./deployments.module.css";

export function SchedulesPanel({ deployment }: { readonly deployment: Deployment }) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const denial = useDenial("deployments:write");
  const [adding, setAdding] = useState(false);
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
  return (
    <Panel
      title="Schedules"
      flush
      aside={
        <GuardedButton variant="subtle" size="compact-xs" reason={denial} leftSection={<Icon name="plus" size={12} />} onClick={() => setAdding(true)}>
          Add
        </GuardedButton>
      }
    >
      {deployment.schedules.length === 0 && !adding && (
        <p className="muted" style={{ margin: 0, padding: 12 }}>
          It starts only by hand or through the API.
        </p>
      )}
      {deployment.schedules.map((schedule) => (
        <div key={schedule.id} className={styles["scheduleRow"]}>
          <Tooltip label={denial} disabled={denial === null}>
            <Switch
              aria-label={`Schedule ${scheduleWords(schedule)} active`}
              checked={!schedule.paused}
              disabled={denial !== null}
              onChange={(event) => change.mutate({ id: schedule.id, paused: !event.currentTarget.checked })}
            />
          </Tooltip>
          <span className={styles["grow"]}>
            {scheduleWords(schedule)}
            {schedule.cron !== null && <span className={`${styles["under"]} mono`}>{schedule.cron}</span>}
          </span>
          <ActionIcon
            aria-label={`Delete schedule ${scheduleWords(schedule)}`}
            disabled={denial !== null}
            onClick={() => setRemoving(schedule)}
          >
            <Icon name="trash" size={14} />
          </ActionIcon>
        </div>
      ))}
      {adding && (
        <ScheduleForm
          deploymentId={deployment.id}
          onClose={() => setAdding(false)}
          onAdded={() => {
            setAdding(false);
            void refresh();
          }}
        />
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
        {removing !== null && `${deployment.name} no longer starts ${scheduleWords(removing)}. Runs that exist stay.`}
      </ConfirmDialog>
    </Panel>
  );
}
