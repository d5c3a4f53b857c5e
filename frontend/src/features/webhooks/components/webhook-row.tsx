import { useMutation, useQueryClient } from "@tanstack/react-query";

import { GuardedIcon } from "@/components/ui/guarded-icon";
import { GuardedSwitch } from "@/components/ui/guarded-switch";
import { Refusal } from "@/components/ui/refusal";
import { RelativeTime } from "@/components/ui/relative-time";
import named from "@/components/ui/named-rows.module.css";
import { changeWebhook, webhooksQuery } from "@/features/webhooks/api/webhooks";
import { PRESET_NAMES } from "@/features/webhooks/model";
import { plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { Webhook } from "@/schema/wire/webhooks";

import styles from "./webhooks.module.css";

interface WebhookRowProps {
  readonly webhook: Webhook;
  readonly denial: string | null;
  readonly onEdit: () => void;
  readonly onRotate: () => void;
  readonly onDelete: () => void;
}

export function WebhookRow({ webhook, denial, onEdit, onRotate, onDelete }: WebhookRowProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const { name } = webhook;
  const move = useMutation({
    mutationFn: (enabled: boolean) => changeWebhook(slug, webhook.id, { enabled }),
    onSettled: () => client.invalidateQueries({ queryKey: webhooksQuery(slug).queryKey }),
  });
  return (
    <li className={`${named["row"]} ${styles["webhook"]}`} aria-label={name}>
      <div className={named["what"]}>
        <span className={named["name"]}>{name}</span>
        <span className={`${named["under"]} ${styles["cut"]}`}>
          {PRESET_NAMES[webhook.preset]} ·{!webhook.signed && webhook.preset !== "SNS" && " not signed ·"} <span className="mono">{webhook.address}</span>
        </span>
      </div>
      <div className={named["what"]}>
        <span>
          {webhook.last_received_at === null ? (
            <span className="muted">Nothing received yet</span>
          ) : (
            <>
              {plural(webhook.received_count, "delivery", "deliveries")}, the last <RelativeTime at={webhook.last_received_at} />
            </>
          )}
        </span>
        {webhook.last_refused_at !== null && (
          <span className={`${named["under"]} ${styles["cut"]} ${styles["bad"]}`}>
            {webhook.refused_count} refused, the last <RelativeTime at={webhook.last_refused_at} />
          </span>
        )}
      </div>
      <div className={named["actions"]}>
        <GuardedSwitch reason={denial} label={`${name} takes deliveries`} checked={webhook.enabled} busy={move.isPending} onChange={(enabled) => move.mutate(enabled)} />
        <GuardedIcon icon="edit" label="Change" name={`Change ${name}`} reason={denial} onClick={onEdit} />
        <GuardedIcon icon="retry" label="New address" name={`New address for ${name}`} reason={denial} onClick={onRotate} />
        <GuardedIcon icon="trash" label="Delete" name={`Delete ${name}`} reason={denial} onClick={onDelete} />
      </div>
      {move.error !== null && <Refusal error={move.error} />}
    </li>
  );
}
