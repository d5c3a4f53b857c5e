import { ActionIcon, Tooltip } from "@mantine/core";

import { Icon } from "@/components/ui/icon";
import { addMonths, formatMonth } from "@/lib/time";

import styles from "./billing.module.css";

interface MonthSwitchProps {
  readonly month: string;
  readonly present: string;
  readonly onChange: (month: string) => void;
}

export function MonthSwitch({ month, present, onChange }: MonthSwitchProps) {
  const last = month >= present;
  return (
    <div className={styles["month"]} role="group" aria-label="Month">
      <Tooltip label={formatMonth(addMonths(month, -1))}>
        <ActionIcon aria-label="The month before" onClick={() => onChange(addMonths(month, -1))}>
          <Icon name="chevronLeft" size={14} />
        </ActionIcon>
      </Tooltip>
      <span className={styles["monthName"]} aria-live="polite">
        {formatMonth(month)}
      </span>
      <Tooltip label={last ? "This is the present month" : formatMonth(addMonths(month, 1))}>
        <ActionIcon
          aria-label="The month after"
          aria-disabled={last}
          data-disabled={last || undefined}
          onClick={() => {
            if (!last) onChange(addMonths(month, 1));
          }}
        >
          <Icon name="chevronRight" size={14} />
        </ActionIcon>
      </Tooltip>
    </div>
  );
}
