import { ActionIcon, Tooltip } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon, type IconName } from "@/components/ui/icon";
import { RelativeTime } from "@/components/ui/relative-time";
import { channelsQuery, testChannel } from "@/features/settings/api/channels";
import { DeliveryList } from "@/features/settings/components/delivery-list";
import { channelTarget, DELIVERY_STATES, KIND_NAMES } from "@/features/settings/channel-model";
import { asApiError } from "@/lib/errors";
import { outcomeSentence } from "@/lib/outcome";
import { useWorkspace } from "@/lib/workspace";
import type { Channel, Delivery } from "@/schema/wire/channels";

import styles from "./channels.module.css";

interface ChannelRowProps {
  readonly channel: Channel;
  readonly denial: string | null;
  /** Whether its messages are shown. */
  readonly open: boolean;
  readonly onToggle: () => void;
  readonly onEdit: () => void;
  readonly onDelete: () => void;
}

export function ChannelRow({ channel, denial, open, onToggle, onEdit, onDelete }: ChannelRowProps) {
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
      <LastMessage delivery={channel.last_delivery} open={open} onToggle={onToggle} />
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
      {open && <DeliveryList channel={channel} />}
    </li>
  );
}

interface LastMessageProps {
  readonly delivery: Delivery | null;
  readonly open: boolean;
  readonly onToggle: () => void;
}

function LastMessage({ delivery, open, onToggle }: LastMessageProps) {
  if (delivery === null) return <span className={`${styles["last"]} muted`}>Nothing sent yet</span>;
  const { icon, tone, word } = DELIVERY_STATES[delivery.state];
  return (
    <div className={styles["last"]}>
      <span className={styles["state"]} data-tone={tone}>
        <Icon name={icon} size={13} /> {word} <RelativeTime at={delivery.ended_at ?? delivery.started_at} />
      </span>
      <span className={styles["under"]} title={delivery.outcome === null ? undefined : outcomeSentence(delivery.outcome)}>
        {delivery.purpose === "TEST" ? "Test message" : delivery.subject}
        {delivery.state === "FAILED" && delivery.outcome !== null && ` · ${outcomeSentence(delivery.outcome)}`}
      </span>
      <button type="button" className={styles["disclose"]} aria-expanded={open} onClick={onToggle}>
        <Icon name={open ? "chevronDown" : "chevronRight"} size={12} />
        All messages
      </button>
    </div>
  );
}
