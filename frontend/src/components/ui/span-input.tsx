import { Input, NativeSelect, TextInput } from "@mantine/core";
import { useId } from "react";

import { SPAN_UNITS, UNIT_NAMES, type Span, type SpanUnit } from "@/lib/spans";

interface SpanInputProps {
  readonly label: string;
  readonly description?: string;
  readonly value: Span;
  readonly units?: readonly SpanUnit[];
  readonly error?: string | undefined;
  readonly onChange: (value: Span) => void;
}

/** A length of time: how much, of what. */
export function SpanInput({ label, description, value, units = SPAN_UNITS, error, onChange }: SpanInputProps) {
  const id = useId();
  return (
    <Input.Wrapper id={id} label={label} description={description} error={error} size="xs">
      <div style={{ display: "grid", gridTemplateColumns: "minmax(0, 1fr) 110px", gap: 6, marginTop: 4 }}>
        <TextInput
          id={id}
          inputMode="decimal"
          value={value.amount}
          error={error !== undefined}
          onChange={(event) => onChange({ ...value, amount: event.currentTarget.value })}
        />
        <NativeSelect
          aria-label={`Unit of ${label.toLowerCase()}`}
          data={units.map((unit) => ({ value: unit, label: UNIT_NAMES[unit] }))}
          value={value.unit}
          onChange={(event) => onChange({ ...value, unit: event.currentTarget.value as SpanUnit })}
        />
      </div>
    </Input.Wrapper>
  );
}
