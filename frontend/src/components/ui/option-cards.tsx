import { Radio, Stack } from "@mantine/core";

import styles from "./option-cards.module.css";

export interface Option<T extends string> {
  readonly value: T;
  readonly label: string;
  readonly description: string;
  /** Why it can't be chosen; null or left out when it can. */
  readonly reason?: string | null;
}

interface OptionCardsProps<T extends string> {
  readonly label: string;
  readonly options: readonly Option<T>[];
  readonly value: T;
  readonly onChange: (value: T) => void;
}

/** One of a few, each with what it means. */
export function OptionCards<T extends string>({ label, options, value, onChange }: OptionCardsProps<T>) {
  return (
    <Radio.Group
      aria-label={label}
      value={value}
      onChange={(next) => {
        const chosen = options.find((option) => option.value === next);
        if (chosen !== undefined) onChange(chosen.value);
      }}
    >
      <Stack gap={8}>
        {options.map((option) => {
          const isOff = option.reason !== undefined && option.reason !== null;
          return (
            <div key={option.value} className={styles["card"]} data-chosen={option.value === value || undefined}>
              <Radio
                value={option.value}
                label={option.label}
                description={isOff ? `${option.description} Not now: ${lowerFirst(option.reason)}` : option.description}
                disabled={isOff}
              />
            </div>
          );
        })}
      </Stack>
    </Radio.Group>
  );
}

function lowerFirst(text: string | null | undefined): string {
  return text === null || text === undefined ? "" : text.charAt(0).toLowerCase() + text.slice(1);
}
