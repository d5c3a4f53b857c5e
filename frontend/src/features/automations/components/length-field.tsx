import { NumberInput, Select } from "@mantine/core";

import { UNITS, type Length } from "@/features/automations/length";
import { oneOf } from "@/lib/search-params";

import styles from "./automations.module.css";

interface LengthFieldProps {
  readonly label: string;
  readonly value: Length;
  readonly least: number;
  readonly error: string | undefined;
  readonly onChange: (value: Length) => void;
}

const UNIT_NAMES = UNITS.map((unit) => unit.value);

/** A length of time: a number and its unit. */
export function LengthField({ label, value, least, error, onChange }: LengthFieldProps) {
  return (
    <span className={styles["length"]}>
      <NumberInput
        aria-label={label}
        w={76}
        min={least}
        allowDecimal={false}
        allowNegative={false}
        value={value.count}
        error={error}
        onChange={(count) => onChange({ ...value, count: Number(count) || 0 })}
      />
      <Select
        aria-label={`Unit of: ${label}`}
        w={106}
        allowDeselect={false}
        data={UNITS.map((unit) => ({ value: unit.value, label: unit.label }))}
        value={value.unit}
        onChange={(unit) => onChange({ ...value, unit: oneOf(unit, UNIT_NAMES) ?? value.unit })}
      />
    </span>
  );
}
