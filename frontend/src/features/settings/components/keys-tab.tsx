import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { apiKeysQuery, revokeKey, settingsKeys } from "@/features/settings/api/settings";
import { CreateKeyDialog } from "@/features/settings/components/create-key-dialog";
import { KeyRow } from "@/features/settings/components/key-row";
import { keyStatus, sortKeys } from "@/features/settings/model";
import { useNow } from "@/lib/now";
import { plural } from "@/lib/units";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { ApiKey } from "@/schema/wire/settings";

import styles from "./settings.module.css";

export function KeysTab() {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const denial = useDenial("keys:manage");
  const now = useNow();
  const keys = useQuery(apiKeysQuery(slug));
  const [creating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  const revoke = useMutation({
    mutationFn: (id: string) => revokeKey(slug, id),
    onSuccess: () => {
      setRevoking(null);
      return client.invalidateQueries({ queryKey: settingsKeys.keys(slug) });
    },
  });

  if (keys.isPending) return <SkeletonRows rows={4} height={48} label="API keys" />;
  if (keys.isError) return <ErrorState error={keys.error} what="API keys" onRetry={() => void keys.refetch()} />;
  const rows = sortKeys(keys.data.items, now);
  const create = (
    <GuardedButton reason={denial} leftSection={<Icon name="plus" size={13} />} onClick={() => setCreating(true)}>
      Create key
    </GuardedButton>
  );
  return (
    <>
      {rows.length === 0 ? (
        <EmptyState icon="key" title="No API keys" action={create}>
          Processes that push runs and agents that take them need a key. It is bound to this workspace and shown once.
        </EmptyState>
      ) : (
        <Panel
          title="API keys"
          flush
          aside={
            <>
              {plural(rows.filter((key) => keyStatus(key, now) === "active").length, "active key")}
              {create}
            </>
          }
        >
          <div className={styles["scroll"]} tabIndex={0} role="region" aria-label="API keys">
            <table className={styles["table"]}>
              <thead>
                <tr>
                  <th>Key</th>
                  <th>May</th>
                  <th>Created</th>
                  <th>Last used</th>
                  <th>Ends</th>
                  <th>
                    <span className="visually-hidden">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {rows.map((key) => (
                  <KeyRow key={key.id} apiKey={key} now={now} denial={denial} onRevoke={() => setRevoking(key)} />
                ))}
              </tbody>
            </table>
          </div>
        </Panel>
      )}
      {creating && <CreateKeyDialog onClose={() => setCreating(false)} />}
      <ConfirmDialog
        opened={revoking !== null}
        title={`Revoke ${revoking?.name ?? ""}`}
        verb="Revoke key"
        danger
        busy={revoke.isPending}
        error={revoke.error}
        onConfirm={() => {
          if (revoking !== null) revoke.mutate(revoking.id);
        }}
        onClose={() => setRevoking(null)}
      >
        Whatever uses {revoking?.prefix ?? ""}… is refused from now on. A revoked key can’t come back.
      </ConfirmDialog>
    </>
  );
}
