import { ActionIcon, Tooltip } from "@mantine/core";

import { Icon, type IconName } from "./icon";

interface GuardedIconProps {
  readonly icon: IconName;
  /** What it does, shown on hover. */
  readonly label: string;
  /** What it does to what, where the label alone would be the same in each row. */
  readonly name?: string;
  /** Why it can't be pressed now; null when it can. */
  readonly reason: string | null;
  readonly onClick: () => void;
}

/** A small button of a row: like a guarded one, it stays visible and says why it can't be pressed. */
export function GuardedIcon({ icon, label, name = label, reason, onClick }: GuardedIconProps) {
  return (
    <Tooltip label={reason ?? label} multiline maw={280} events={{ hover: true, focus: true, touch: true }}>
      <ActionIcon
        aria-label={name}
        aria-disabled={reason !== null}
        aria-description={reason ?? undefined}
        data-disabled={reason !== null || undefined}
        onClick={() => {
          if (reason === null) onClick();
        }}
      >
        <Icon name={icon} size={14} />
      </ActionIcon>
    </Tooltip>
  );
}
