import { Button, Group, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { GuardedButton } from "@/components/ui/guarded-button";
import { InlineEdit } from "@/components/ui/inline-edit";
import { Refusal } from "@/components/ui/refusal";
import { changeView, deleteView, savedViewKeys, type NewView } from "@/features/saved-views/api/saved-views";
import { asksTheSame } from "@/features/saved-views/model";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { SavedView } from "@/schema/wire/saved-views";

import styles from "./saved-views.module.css";

interface ViewRowProps {
  readonly view: SavedView;
  /** What the page shows now. */
  readonly query: string;
}

export function ViewRow({ view, query }: ViewRowProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const denial = useDenial("telemetry:manage");
  const [leaving, setLeaving] = useState(false);
  const refresh = () => client.invalidateQueries({ queryKey: savedViewKeys.all(slug) });
  const change = useMutation({ mutationFn: (body: Partial<Omit<NewView, "page">>) => changeView(slug, view.id, body), onSuccess: refresh });
  const remove = useMutation({ mutationFn: () => deleteView(slug, view.id), onSuccess: refresh });
  const reason = view.may_change ? null : denial;
  const busy = change.isPending || remove.isPending;
  const error = change.error ?? remove.error;
  return (
    <li className={styles["row"]} aria-label={view.name}>
      <InlineEdit
        value={view.name}
        verb="Rename"
        shown={(edit) => (
          <div className={styles["line"]}>
            <div className={styles["words"]}>
              <strong>{view.name}</strong>{" "}
              <span className="muted">{view.is_shared ? `shared${view.owner === null ? "" : ` by ${view.owner}`}` : "only you"}</span>
            </div>
            <Group gap={4}>
              <GuardedButton size="compact-xs" variant="default" reason={reason ?? (asksTheSame(view.query, query) ? "It is what the page shows." : null)} loading={busy} onClick={() => change.mutate({ query })}>
                Replace
              </GuardedButton>
              <GuardedButton size="compact-xs" variant="default" reason={reason} onClick={edit}>
                Rename
              </GuardedButton>
              <GuardedButton size="compact-xs" variant="default" reason={denial} loading={busy} onClick={() => change.mutate({ is_shared: !view.is_shared })}>
                {view.is_shared ? "Make private" : "Share"}
              </GuardedButton>
              {leaving ? (
                <>
                  <Button size="compact-xs" color="red.8" loading={busy} onClick={() => remove.mutate()}>
                    {view.is_shared ? "Delete for everybody" : "Delete it"}
                  </Button>
                  <Button size="compact-xs" variant="default" onClick={() => setLeaving(false)}>
                    Keep it
                  </Button>
                </>
              ) : (
                <GuardedButton size="compact-xs" variant="default" reason={reason} onClick={() => setLeaving(true)}>
                  Delete
                </GuardedButton>
              )}
            </Group>
          </div>
        )}
        field={(draft, onChange) => (
          <TextInput aria-label="Name" maxLength={120} value={draft} onChange={(event) => onChange(event.currentTarget.value)} data-autofocus />
        )}
        onSave={async (name) => {
          await changeView(slug, view.id, { name: name.trim() });
          await refresh();
        }}
      />
      {error !== null && <Refusal error={error} />}
    </li>
  );
}
