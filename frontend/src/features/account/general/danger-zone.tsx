import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { Panel } from "@/components/ui/panel";
import { Refusal } from "@/components/ui/refusal";
import { archive, exportsQuery, restore, type Owned } from "@/features/account/api/lifecycle";
import { DeleteDialog } from "@/features/account/general/delete-dialog";
import { ExportStep } from "@/features/account/general/export-step";
import { formatDate } from "@/lib/time";

import styles from "./general.module.css";

interface DangerZoneProps {
  readonly what: Owned;
  readonly archivedAt: string | null;
  readonly deleteAfter: string | null;
  /** Why this person may do none of it; null when they may. */
  readonly denial: string | null;
  /** Steps of its own, between archive and delete. */
  readonly children?: ReactNode;
  readonly onChanged: () => Promise<unknown>;
  readonly onDeleted: () => void;
}

/** What can't be done lightly: export, archive and restore, delete for good. */
export function DangerZone({ what, archivedAt, deleteAfter, denial, children, onChanged, onDeleted }: DangerZoneProps) {
  const client = useQueryClient();
  const made = useQuery({ ...exportsQuery(what), enabled: denial === null });
  const [archiving, setArchiving] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const changed = () => {
    setArchiving(false);
    return Promise.all([onChanged(), client.invalidateQueries({ queryKey: ["me"] })]);
  };
  const shut = useMutation({ mutationFn: () => archive(what), onSuccess: changed });
  const open = useMutation({
    mutationFn: () => restore(what),
    onSuccess: () => {
      notifications.show({ message: `${what.name} is restored` });
      return changed();
    },
  });
  const archived = archivedAt !== null;
  return (
    <Panel title="Danger zone" flush>
      <ul className={styles["danger"]}>
        <ExportStep what={what} made={made} denial={denial} />
        <Step
          title={archived ? "Restore" : "Archive"}
          text={
            archived
              ? `Archived on ${formatDate(archivedAt)}${deleteAfter === null ? "" : `; deleted on ${formatDate(deleteAfter)} unless it is restored`}. Restoring lets people and keys change things again; schedules go on with their next time.`
              : `Nothing of it can be changed and nothing starts; people can still look. It can be restored for 14 days, then it is deleted.`
          }
        >
          <GuardedButton variant="default" reason={denial} loading={open.isPending} leftSection={<Icon name="archive" size={13} />} onClick={() => (archived ? open.mutate() : setArchiving(true))}>
            {archived ? `Restore ${what.name}` : `Archive this ${what.kind}`}
          </GuardedButton>
          {open.error !== null && <Refusal error={open.error} />}
        </Step>
        {children}
        <Step title="Delete for good" text={DELETED[what.kind]}>
          <GuardedButton color="red.8" reason={denial} leftSection={<Icon name="trash" size={13} />} onClick={() => setDeleting(true)}>
            Delete this {what.kind}
          </GuardedButton>
        </Step>
      </ul>
      <ConfirmDialog
        opened={archiving}
        title={`Archive ${what.name}`}
        verb={`Archive ${what.kind}`}
        danger
        busy={shut.isPending}
        error={shut.error}
        onConfirm={() => shut.mutate()}
        onClose={() => setArchiving(false)}
      >
        Schedules stop, keys may only read, and nothing new starts; what runs goes on to its end. For 14 days it can be restored, then it is deleted with all it holds.
      </ConfirmDialog>
      {deleting && <DeleteDialog what={what} newest={made.data?.items[0]} onClose={() => setDeleting(false)} onDeleted={onDeleted} />}
    </Panel>
  );
}

const DELETED: Readonly<Record<Owned["kind"], string>> = {
  account: "All workspaces with their runs, events, metrics and logs; members, teams, roles and keys; the plan ends. It can’t be undone.",
  workspace: "All its flows, deployments, runs, events, metrics and logs, its keys and automations. It can’t be undone.",
};

interface StepProps {
  readonly title: string;
  readonly text: ReactNode;
  readonly children: ReactNode;
}

/** One thing of the danger zone: what it means, and the button. */
export function Step({ title, text, children }: StepProps) {
  return (
    <li className={styles["step"]}>
      <div>
        <h3 className={styles["stepTitle"]}>{title}</h3>
        <p className={styles["stepText"]}>{text}</p>
      </div>
      <div>{children}</div>
    </li>
  );
}
