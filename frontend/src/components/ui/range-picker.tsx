import { Button, Popover, TextInput } from "@mantine/core";
import { useState } from "react";

import { PRESET_LABELS, PRESETS, rangeLabel, resolveRange, toLocalInput, zoneName, type RangeSearch } from "@/lib/time";

import { Icon } from "./icon";
import styles from "./range-picker.module.css";

interface RangePickerProps {
  readonly value: RangeSearch;
  readonly onChange: (value: RangeSearch) => void;
  /** Without a range everything is shown, and that can be chosen. */
  readonly anyTime?: boolean;
}

/** The page's one time range: presets, or two moments in the person's own zone. */
export function RangePicker({ value, onChange, anyTime = false }: RangePickerProps) {
  const [opened, setOpened] = useState(false);
  const choose = (next: RangeSearch) => {
    setOpened(false);
    onChange(next);
  };
  const always = anyTime && value.from === undefined && value.range === undefined;
  const label = always ? "Any time" : rangeLabel(value);
  return (
    <Popover opened={opened} onChange={setOpened} trapFocus>
      <Popover.Target>
        <Button
          variant="default"
          leftSection={<Icon name="clock" size={14} />}
          rightSection={<Icon name="chevronDown" size={12} />}
          onClick={() => setOpened(!opened)}
          aria-label={`Time range: ${label}`}
        >
          {label}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={8}>
        <div className={styles["grid"]}>
          <div className={styles["presets"]} role="group" aria-label="Presets">
            {anyTime && (
              <button type="button" className={styles["preset"]} aria-pressed={always} onClick={() => choose({})}>
                Any time
              </button>
            )}
            {PRESETS.map((preset) => (
              <button
                key={preset}
                type="button"
                className={styles["preset"]}
                aria-pressed={!always && value.from === undefined && (value.range ?? "24h") === preset}
                onClick={() => choose({ range: preset })}
              >
                {PRESET_LABELS[preset]}
              </button>
            ))}
          </div>
          {opened && <FixedRange value={value} onChange={choose} />}
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}

function FixedRange({ value, onChange }: RangePickerProps) {
  const [span] = useState(() => resolveRange(value, Date.now()));
  const [from, setFrom] = useState(toLocalInput(span.from));
  const [to, setTo] = useState(toLocalInput(span.to));
  const valid = Date.parse(from) < Date.parse(to);
  return (
    <form
      className={styles["fixed"]}
      onSubmit={(event) => {
        event.preventDefault();
        if (valid) onChange({ from: new Date(from).toISOString(), to: new Date(to).toISOString() });
      }}
    >
      <TextInput type="datetime-local" label="From" value={from} onChange={(e) => setFrom(e.currentTarget.value)} />
      <TextInput
        type="datetime-local"
        label="To"
        value={to}
        onChange={(e) => setTo(e.currentTarget.value)}
        error={valid ? undefined : "Has to be later than the start"}
      />
      <Button type="submit" disabled={!valid}>
        Show this range
      </Button>
      <p className={styles["zone"]}>Times are in {zoneName()}</p>
    </form>
  );
}
