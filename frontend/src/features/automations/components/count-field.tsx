import { NumberInput, Select } from "@mantine/core";

import styles from "./automations.module.css";

interface CountFieldProps {
  readonly label: string;
  /** What is said instead of "1". */
  readonly one: string;
  readonly several: string;
  readonly value: number;
  readonly error: string | undefined;
  readonly onChange: (value: number) => void;
}

/** "each time", or "at least 3 times": a number that is mostly one. */
export function CountField({ label, one, several, value, error, onChange }: CountFieldProps) {
  return (
    <span className={styles["length"]}>
      <Select
        aria-label={label}
        w={124}
        allowDeselect={false}
        data={[
          { value: "one", label: one },
          { value: "several", label: several },
        ]}
        value={value === 1 ? "one" : "several"}
        onChange={(next) => onChange(next === "one" ? 1 : Math.max(2, value))}
      />
      {value !== 1 && (
        <NumberInput
          aria-label={`${label}, number`}
          w={76}
          min={2}
          max={1_000}
          allowDecimal={false}
          allowNegative={false}
          value={value}
          error={error}
          onChange={(count) => onChange(Number(count) || 0)}
        />
      )}
    </span>
  );
}
