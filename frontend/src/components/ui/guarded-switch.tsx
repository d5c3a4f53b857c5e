import { Switch, Tooltip } from "@mantine/core";

import styles from "./guarded-switch.module.css";

interface GuardedSwitchProps {
  /** Why it can't be moved; null when it can. */
  readonly reason: string | null;
  readonly label: string;
  readonly checked: boolean;
  /** While what was asked for is on its way. */
  readonly busy?: boolean;
  readonly onChange: (checked: boolean) => void;
}

/** What may not be switched still shows how it stands, and says why. It keeps its focus, so the reason can be read by keyboard. */
export function GuardedSwitch({ reason, label, checked, busy = false, onChange }: GuardedSwitchProps) {
  return (
    // What is hovered is the frame: the input itself has no size.
    <Tooltip label={reason} disabled={reason === null} refProp="rootRef" multiline maw={280} events={{ hover: true, focus: true, touch: true }}>
      <Switch
        className={reason === null ? undefined : styles["off"]}
        aria-label={label}
        aria-disabled={reason !== null}
        aria-description={reason ?? undefined}
        checked={checked}
        disabled={busy}
        onChange={(event) => {
          if (reason === null) onChange(event.currentTarget.checked);
        }}
      />
    </Tooltip>
  );
}
