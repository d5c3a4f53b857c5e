import { Select } from "@mantine/core";
import { useMemo } from "react";

import { zoneNames } from "@/lib/zones";

interface ZoneSelectProps {
  readonly value: string;
  readonly label?: string;
  /** What it is called where no label is seen. */
  readonly name?: string;
  readonly description?: string;
  readonly error?: string | undefined;
  readonly onChange: (zone: string) => void;
}

const MOST_SHOWN = 60;

/** A time zone by its name; typing finds it. */
export function ZoneSelect({ value, label = "Time zone", name, description, error, onChange }: ZoneSelectProps) {
  const zones = useMemo(() => {
    const known = zoneNames();
    return known.includes(value) ? [...known] : [value, ...known];
  }, [value]);
  return (
    <Select
      label={label === "" ? undefined : label}
      aria-label={name}
      description={description}
      inputWrapperOrder={["label", "input", "description", "error"]}
      error={error}
      data={zones}
      value={value}
      searchable
      allowDeselect={false}
      limit={MOST_SHOWN}
      comboboxProps={{ keepMounted: false }}
      nothingFoundMessage="No zone of this name."
      onChange={(zone) => {
        if (zone !== null) onChange(zone);
      }}
    />
  );
}
