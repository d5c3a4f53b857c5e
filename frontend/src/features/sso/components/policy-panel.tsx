import { Switch, Tooltip } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { Panel } from "@/components/ui/panel";
import { setRequired } from "@/features/sso/api/sso";
import { Problem } from "@/features/sso/components/problem";
import { requireDenial } from "@/features/sso/model";
import type { SsoPolicy } from "@/schema/wire/sso";

import styles from "./sso.module.css";

/** Whether people have to come by the provider. */
export function PolicyPanel({ account, policy }: { readonly account: string; readonly policy: SsoPolicy }) {
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const change = useMutation({
    mutationFn: (required: boolean) => setRequired(account, required),
    onSuccess: () => {
      setAsking(false);
      return client.invalidateQueries({ queryKey: ["account", account] });
    },
  });
  const denial = policy.required ? null : requireDenial(policy);
  return (
    <Panel title="Required">
      <div className={styles["section"]}>
        <Tooltip label={denial} disabled={denial === null} multiline maw={280} events={{ hover: true, focus: true, touch: true }}>
          <Switch
            label="Require single sign-on"
            aria-description={denial ?? undefined}
            aria-disabled={denial !== null}
            checked={policy.required}
            w="fit-content"
            onChange={() => {
              if (denial !== null) return;
              if (policy.required) change.mutate(false);
              else setAsking(true);
            }}
          />
        </Tooltip>
        <p className={styles["note"]}>
          {policy.required
            ? "Who did not come by the account’s provider sees nothing of it. Owners can always come back by their password; the audit log tells of it."
            : (denial ?? "Now a password, a passkey or another service will do as well.")}
        </p>
        {change.error !== null && !asking && <Problem error={change.error} />}
      </div>
      <ConfirmDialog
        opened={asking}
        title="Require single sign-on"
        verb="Require it"
        back="Not now"
        busy={change.isPending}
        error={change.error}
        onConfirm={() => change.mutate(true)}
        onClose={() => setAsking(false)}
      >
        It counts at once, for open sessions too: whoever did not come by the provider has to sign in again through it. API keys go on working. You can switch it off again.
      </ConfirmDialog>
    </Panel>
  );
}
