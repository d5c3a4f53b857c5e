import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { EmptyState } from "@/components/ui/empty-state";
import { EndlessTable } from "@/components/ui/endless-table";
import { FacetMenu } from "@/components/ui/facet-menu";
import { ListStates } from "@/components/ui/list-states";
import { usePages } from "@/components/ui/use-pages";
import { keyKeys, keysQuery, revokeKey, type KeySource } from "@/features/keys/api/keys";
import { keyColumns } from "@/features/keys/components/key-columns";
import { RotateKeyDialog } from "@/features/keys/components/rotate-key-dialog";
import { KEY_OWNERS, KEY_STATES, keyStatus, OWNER_WORDS, STATE_WORDS, type KeysSearch } from "@/features/keys/model";
import { useNow } from "@/lib/now";
import { oneOf } from "@/lib/search-params";
import { plural } from "@/lib/units";
import type { ApiKey, MyApiKey } from "@/schema/wire/keys";

import styles from "./keys.module.css";

export type KeyRow = ApiKey & Partial<Pick<MyApiKey, "workspace">>;

interface KeysPanelProps {
  readonly source: KeySource;
  readonly search: KeysSearch;
  readonly onChange: (search: KeysSearch) => void;
  /** Where a key lives, when the list spans workspaces. */
  readonly workspaceOf: (key: KeyRow) => string;
  /** Why this key may not be changed; null when it may. */
  readonly denialOf: (key: KeyRow) => string | null;
  /** Why it may be revoked only; null when it may be replaced as well. */
  readonly rotationDenialOf?: (key: KeyRow) => string | null;
  /** Makes the first one, and the next. */
  readonly create?: ReactNode;
  readonly empty: string;
}

/** Keys with what they may do, when and from where they were used last, and how they end. */
export function KeysPanel({ source, search, onChange, workspaceOf, denialOf, rotationDenialOf = () => null, create, empty }: KeysPanelProps) {
  const client = useQueryClient();
  const now = useNow();
  const keys = useInfiniteQuery(keysQuery(source, search));
  const { rows, more } = usePages(keys);
  const [rotating, setRotating] = useState<KeyRow | null>(null);
  const [revoking, setRevoking] = useState<KeyRow | null>(null);
  const refresh = () => Promise.all([client.invalidateQueries({ queryKey: keyKeys.all }), client.invalidateQueries({ queryKey: ["account"] })]);
  const revoke = useMutation({
    mutationFn: (key: KeyRow) => revokeKey(workspaceOf(key), key.id),
    onSuccess: () => {
      setRevoking(null);
      return refresh();
    },
  });
  const filtered = search.state !== undefined || search.owner !== undefined || search.service !== undefined;
  return (
    <>
      <div className={styles["filters"]} role="search" aria-label="Filter keys">
        <FacetMenu
          label="State"
          options={KEY_STATES.map((state) => ({ value: state, label: STATE_WORDS[state] }))}
          selected={search.state === undefined ? [] : [search.state]}
          onChange={([state]) => onChange({ ...search, state: oneOf(state, KEY_STATES) })}
        />
        {source.kind === "workspace" && (
          <FacetMenu
            label="Whose"
            options={KEY_OWNERS.map((owner) => ({ value: owner, label: OWNER_WORDS[owner] }))}
            selected={search.owner === undefined ? [] : [search.owner]}
            onChange={([owner]) => onChange({ ...search, owner: oneOf(owner, KEY_OWNERS) })}
          />
        )}
        <span className={styles["push"]}>{create}</span>
      </div>
      <ListStates
        query={keys}
        what="API keys"
        count={rows.length}
        rows={4}
        empty={
          <EmptyState icon="key" title={filtered ? "No key fits these filters" : "No API keys"} action={filtered ? undefined : create}>
            {filtered ? "Take a filter away to see more." : empty}
          </EmptyState>
        }
      >
        <EndlessTable
          label="API keys"
          columns={keyColumns({ now, spans: source.kind !== "workspace", ofOne: source.kind !== "workspace", denialOf, rotationDenialOf, onRotate: setRotating, onRevoke: setRevoking })}
          rows={rows}
          rowKey={(row) => row.id}
          hasMore={keys.hasNextPage}
          onMore={more}
          stale={keys.isPlaceholderData}
          isOff={(row) => keyStatus(row, now) !== "active"}
          end={plural(rows.length, "key")}
        />
      </ListStates>
      {rotating !== null && <RotateKeyDialog apiKey={rotating} workspace={workspaceOf(rotating)} onClose={() => setRotating(null)} onRotated={refresh} />}
      <ConfirmDialog
        opened={revoking !== null}
        title={`Revoke ${revoking?.name ?? ""}`}
        verb="Revoke key"
        danger
        busy={revoke.isPending}
        error={revoke.error}
        onConfirm={() => {
          if (revoking !== null) revoke.mutate(revoking);
        }}
        onClose={() => {
          revoke.reset();
          setRevoking(null);
        }}
      >
        Whatever uses {revoking?.prefix ?? ""}… is refused from now on. A revoked key can’t come back; to change it without a gap, rotate it instead.
      </ConfirmDialog>
    </>
  );
}
