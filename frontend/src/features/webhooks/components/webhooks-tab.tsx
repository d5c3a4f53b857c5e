import { Stack } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import named from "@/components/ui/named-rows.module.css";
import { deleteWebhook, rotateWebhook, webhooksQuery } from "@/features/webhooks/api/webhooks";
import { AddressDialog } from "@/features/webhooks/components/address-dialog";
import { RefusedPanel } from "@/features/webhooks/components/refused-panel";
import { WebhookDialog } from "@/features/webhooks/components/webhook-dialog";
import { WebhookRow } from "@/features/webhooks/components/webhook-row";
import { plural } from "@/lib/units";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { CreatedWebhook, Webhook } from "@/schema/wire/webhooks";


export function WebhooksTab() {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const denial = useDenial("telemetry:manage");
  const unseen = useDenial("telemetry:read");
  const webhooks = useQuery({ ...webhooksQuery(slug), enabled: unseen === null });
  const [editing, setEditing] = useState<Webhook | "new" | null>(null);
  const [asked, setAsked] = useState<{ readonly webhook: Webhook; readonly to: "delete" | "rotate" } | null>(null);
  const [shown, setShown] = useState<CreatedWebhook | null>(null);
  const renew = () => client.invalidateQueries({ queryKey: webhooksQuery(slug).queryKey });
  const act = useMutation({
    mutationFn: async ({ webhook, to }: NonNullable<typeof asked>) => (to === "rotate" ? rotateWebhook(slug, webhook.id) : deleteWebhook(slug, webhook.id)),
    onSuccess: (made) => {
      if (made === null) notifications.show({ message: `Webhook ${asked?.webhook.name ?? ""} deleted` });
      setShown(made);
      setAsked(null);
      return renew();
    },
  });

  if (unseen !== null) {
    return (
      <EmptyState icon="external" title="Webhooks are not shown to you">
        {unseen}
      </EmptyState>
    );
  }
  if (webhooks.isPending) return <SkeletonRows rows={3} height={60} label="webhooks" />;
  if (webhooks.isError) return <ErrorState error={webhooks.error} what="webhooks" onRetry={() => void webhooks.refetch()} />;
  const rows = webhooks.data.items;
  const add = (
    <GuardedButton reason={denial} leftSection={<Icon name="plus" size={13} />} onClick={() => setEditing("new")}>
      Add webhook
    </GuardedButton>
  );
  return (
    <>
      {rows.length === 0 ? (
        <EmptyState icon="external" title="No webhooks yet" action={add}>
          Addresses at which GitHub, Stripe, S3, Slack, dbt Cloud or anybody else tell what happened there. It becomes events.
        </EmptyState>
      ) : (
        <Stack gap={16}>
          <Panel title="Webhooks" flush aside={<>{plural(rows.length, "webhook")} {add}</>}>
            <ul className={named["list"]}>
              {rows.map((webhook) => (
                <WebhookRow
                  key={webhook.id}
                  webhook={webhook}
                  denial={denial}
                  onEdit={() => setEditing(webhook)}
                  onRotate={() => setAsked({ webhook, to: "rotate" })}
                  onDelete={() => setAsked({ webhook, to: "delete" })}
                />
              ))}
            </ul>
          </Panel>
          <RefusedPanel />
        </Stack>
      )}
      {editing !== null && (
        <WebhookDialog
          webhook={editing === "new" ? null : editing}
          onClose={() => setEditing(null)}
          onMade={(made) => {
            setEditing(null);
            setShown(made);
          }}
        />
      )}
      {shown !== null && <AddressDialog made={shown} onClose={() => setShown(null)} />}
      <ConfirmDialog
        opened={asked !== null}
        title={`${asked?.to === "rotate" ? "New address for" : "Delete"} ${asked?.webhook.name ?? ""}`}
        verb={asked?.to === "rotate" ? "Make a new address" : "Delete webhook"}
        danger={asked?.to === "delete"}
        busy={act.isPending}
        error={act.error}
        onConfirm={() => {
          if (asked !== null) act.mutate(asked);
        }}
        onClose={() => {
          act.reset();
          setAsked(null);
        }}
      >
        {asked?.to === "rotate"
          ? "The address of today goes on for a day, so that there is time to put the new one in its place."
          : "What is delivered there is refused from now on. The events that came stay."}
      </ConfirmDialog>
    </>
  );
}
