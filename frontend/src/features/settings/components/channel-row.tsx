import { ActionIcon, Tooltip } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon, type IconName } from "@/components/ui/icon";
import { RelativeTime } from "@/components/ui/relative-time";
import { channelsQuery, testChannel } from "@/features/settings/api/channels";
import { channelTarget, KIND_NAMES } from "@/features/settings/channel-model";
import { asApiError } from "@/lib/errors";
import { outcomeSentence } from "@/lib/outcome";
import { useWorkspace } from "@/lib/workspace";
import type { Channel, Delivery } from "@/schema/wire/channels";

import styles from "./channels.module.css";

interface ChannelRowProps {
  readonly channel: Channel;
  readonly denial: string | null;
  readonly onEdit: () => void;
  readonly onDelete: () => void;
}

const STATES: Readonly<Record<Delivery["state"], { icon: IconName; tone: string; word: string }>> = {
  SENDING: { icon: "clock", tone: "muted", word: "On its way" },
  DELIVERED: { icon: "check", tone: "good", word: "Delivered" },
  FAILED: { icon: "alert", tone: "bad", word: "Failed" },
};

export function ChannelRow({ channel, denial, onEdit, onDelete }: ChannelRowProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const test = useMutation({
    mutationFn: () => testChannel(slug, channel.id),
    onSettled: () => client.invalidateQueries({ queryKey: channelsQuery(slug).queryKey }),
  });
  const change = (label: string, icon: IconName, act: () => void) => (
    <Tooltip label={denial ?? label} events={{ hover: true, focus: true, touch: true }}>
      <ActionIcon
        aria-label={`${label} ${channel.name}`}
        aria-disabled={denial !== null}
        aria-description={denial ?? undefined}
        data-disabled={denial !== null || undefined}
        onClick={() => {
          if (denial === null) act();
        }}
      >
        <Icon name={icon} size={14} />
      </ActionIcon>
    </Tooltip>
  );
  return (
    <li className={styles["row"]} aria-label={channel.name}>
      <div className={styles["what"]}>
        <span className={styles["name"]}>{channel.name}</span>
        <span className={styles["under"]}>
          {KIND_NAMES[channel.kind]} · <span className="mono">{channelTarget(channel)}</span>
        </span>
      </div>
      <LastMessage delivery={channel.last_delivery} />
      <div className={styles["actions"]}>
        <GuardedButton variant="default" reason={denial} loading={test.isPending} onClick={() => test.mutate()}>
          Send test
        </GuardedButton>
        {change("Change", "edit", onEdit)}
        {change("Delete", "trash", onDelete)}
      </div>
      <p className={styles["outcome"]} role="status" data-tone={test.data?.ok === true ? "good" : "bad"} hidden={test.isIdle || test.isPending}>
        {test.data !== undefined && `Test message: ${outcomeSentence(test.data)}`}
        {test.error !== null && asApiError(test.error).message}
      </p>
    </li>
  );
}

function LastMessage({ delivery }: { readonly delivery: Delivery | null }) {
  if (delivery === null) return <span className={`${styles["last"]} muted`}>Nothing sent yet</span>;
  const { icon, tone, word } = STATES[delivery.state];
  return (
    <div className={styles["last"]}>
      <span className={styles["state"]} data-tone={tone}>
        <Icon name={icon} size={13} /> {word} <RelativeTime at={delivery.ended_at ?? delivery.started_at} />
      </span>
      <span className={styles["under"]} title={delivery.outcome === null ? undefined : outcomeSentence(delivery.outcome)}>
        {delivery.purpose === "TEST" ? "Test message" : delivery.subject}
        {delivery.state === "FAILED" && delivery.outcome !== null && ` · ${outcomeSentence(delivery.outcome)}`}
      </span>
    </div>
  );
}
