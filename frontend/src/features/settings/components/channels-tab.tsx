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
import { channelsQuery, deleteChannel } from "@/features/settings/api/channels";
import { ChannelDialog } from "@/features/settings/components/channel-dialog";
import { ChannelRow } from "@/features/settings/components/channel-row";
import { plural } from "@/lib/units";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { Channel } from "@/schema/wire/channels";

import styles from "./channels.module.css";

interface ChannelsTabProps {
  /** The channel whose messages are shown. */
  readonly opened: string | undefined;
  readonly onOpen: (channel: string | undefined) => void;
}

export function ChannelsTab({ opened, onOpen }: ChannelsTabProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const denial = useDenial("channels:write");
  const unseen = useDenial("channels:read");
  const channels = useQuery({ ...channelsQuery(slug), enabled: unseen === null });
  const [editing, setEditing] = useState<Channel | "new" | null>(null);
  const [deleting, setDeleting] = useState<Channel | null>(null);
  const remove = useMutation({
    mutationFn: (id: string) => deleteChannel(slug, id),
    onSuccess: () => {
      notifications.show({ message: `Channel ${deleting?.name ?? ""} deleted` });
      setDeleting(null);
      return client.invalidateQueries({ queryKey: channelsQuery(slug).queryKey });
    },
  });

  if (unseen !== null) {
    return (
      <EmptyState icon="bell" title="Channels are not shown to you">
        {unseen}
      </EmptyState>
    );
  }
  if (channels.isPending) return <SkeletonRows rows={3} height={60} label="channels" />;
  if (channels.isError) return <ErrorState error={channels.error} what="channels" onRetry={() => void channels.refetch()} />;
  const rows = channels.data.items;
  const add = (
    <GuardedButton reason={denial} leftSection={<Icon name="plus" size={13} />} onClick={() => setEditing("new")}>
      Add channel
    </GuardedButton>
  );
  return (
    <>
      {rows.length === 0 ? (
        <EmptyState icon="bell" title="No channels yet" action={add}>
          Where automations send messages: mail to members, a chat that takes Slack’s form, or a signed webhook.
        </EmptyState>
      ) : (
        <Panel title="Channels" flush aside={<>{plural(rows.length, "channel")} {add}</>}>
          <ul className={styles["list"]}>
            {rows.map((channel) => (
              <ChannelRow
                key={channel.id}
                channel={channel}
                denial={denial}
                open={channel.id === opened}
                onToggle={() => onOpen(channel.id === opened ? undefined : channel.id)}
                onEdit={() => setEditing(channel)}
                onDelete={() => setDeleting(channel)}
              />
            ))}
          </ul>
        </Panel>
      )}
      {editing !== null && <ChannelDialog channel={editing === "new" ? null : editing} onClose={() => setEditing(null)} />}
      <ConfirmDialog
        opened={deleting !== null}
        title={`Delete ${deleting?.name ?? ""}`}
        verb="Delete channel"
        danger
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => {
          if (deleting !== null) remove.mutate(deleting.id);
        }}
        onClose={() => {
          remove.reset();
          setDeleting(null);
        }}
      >
        What automations send there fails from now on, and the record of what was sent goes with it.
      </ConfirmDialog>
    </>
  );
}
