import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { EmptyState } from "@/components/ui/empty-state";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { ListStates } from "@/components/ui/list-states";
import { Panel } from "@/components/ui/panel";
import { changeLevel, deleteLevel, levelKeys, levelsQuery } from "@/features/levels/api/levels";
import { LevelDialog } from "@/features/levels/components/level-dialog";
import { LevelRow } from "@/features/levels/components/level-row";
import { levelWords, MOST_LEVELS } from "@/features/levels/model";
import { asApiError } from "@/lib/errors";
import { useMay } from "@/lib/may";
import { useWorkspace } from "@/lib/workspace";
import type { Deployment } from "@/schema/wire/deployments";
import type { Level } from "@/schema/wire/levels";

import styles from "./levels.module.css";

interface LevelsTabProps {
  readonly deployment: Pick<Deployment, "id" | "name" | "paused" | "may">;
  /** The promise whose breaches are open. */
  readonly open: string | undefined;
  readonly onOpen: (level: string | undefined) => void;
}

/** What does it promise, and was that kept? */
export function LevelsTab({ deployment, open, onOpen }: LevelsTabProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const denial = useMay(deployment.may, "deployments:write");
  const levels = useQuery(levelsQuery(slug, deployment.id));
  const [form, setForm] = useState<Level | "new" | null>(null);
  const [removing, setRemoving] = useState<Level | null>(null);
  const refresh = () => client.invalidateQueries({ queryKey: levelKeys.all(slug) });
  const pause = useMutation({
    mutationFn: ({ id, paused }: { id: string; paused: boolean }) => changeLevel(slug, id, { paused }),
    onSuccess: refresh,
    onError: (error) => notifications.show({ color: "red", message: asApiError(error).message }),
  });
  const remove = useMutation({
    mutationFn: (id: string) => deleteLevel(slug, id),
    onSuccess: async (_, id) => {
      await refresh();
      setRemoving(null);
      if (open === id) onOpen(undefined);
    },
  });
  const rows = levels.data?.items ?? [];
  const full = rows.length >= MOST_LEVELS ? `A deployment has at most ${MOST_LEVELS} service levels.` : null;
  return (
    <>
      <ListStates
        query={levels}
        what="service levels"
        rows={3}
        count={rows.length}
        empty={
          <EmptyState
            icon="shield"
            title="It promises nothing yet"
            action={
              <GuardedButton reason={denial} leftSection={<Icon name="plus" size={13} />} onClick={() => setForm("new")}>
                Add a service level
              </GuardedButton>
            }
          >
            Say by when it must have started or finished, how long a run may last, or how often one must succeed. Headway tells each time that this is not so, also when nothing runs at all.
          </EmptyState>
        }
      >
        {deployment.paused && <p className={styles["note"]}>The deployment is paused: nothing is promised until it is resumed.</p>}
        <Panel
          title="What it promises"
          flush
          aside={
            <GuardedButton variant="subtle" size="compact-xs" reason={denial ?? full} leftSection={<Icon name="plus" size={12} />} onClick={() => setForm("new")}>
              Add
            </GuardedButton>
          }
        >
          <ul className={styles["levels"]} aria-label="Service levels">
            {rows.map((level) => (
              <LevelRow
                key={level.id}
                level={level}
                asleep={deployment.paused}
                open={open === level.id}
                busy={pause.isPending && pause.variables.id === level.id}
                onToggle={() => onOpen(open === level.id ? undefined : level.id)}
                onPause={(paused) => pause.mutate({ id: level.id, paused })}
                onEdit={() => setForm(level)}
                onDelete={() => setRemoving(level)}
              />
            ))}
          </ul>
        </Panel>
      </ListStates>
      {form !== null && <LevelDialog deployment={deployment} level={form === "new" ? null : form} onClose={() => setForm(null)} />}
      <ConfirmDialog
        opened={removing !== null}
        title="Delete this service level"
        verb="Delete service level"
        danger
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => {
          if (removing !== null) remove.mutate(removing.id);
        }}
        onClose={() => {
          setRemoving(null);
          remove.reset();
        }}
      >
        {removing !== null && `That ${deployment.name} ${levelWords(removing)} is no longer watched, and the list of its breaches goes. Their events stay.`}
      </ConfirmDialog>
    </>
  );
}
