import { MultiSelect } from "@mantine/core";

import type { Field, RawValues } from "@/components/form/schema";
import { SchemaFields } from "@/components/form/schema-fields";

interface OwnParametersProps {
  /** All that the flow takes but for the one that gets the part. */
  readonly fields: readonly Field[];
  /** The names of those that the backfill sets itself. */
  readonly own: readonly string[];
  readonly values: RawValues;
  readonly problems: Readonly<Record<string, string>>;
  readonly onOwn: (own: string[]) => void;
  readonly onValues: (values: RawValues) => void;
}

/** What all its runs are given besides the part; by the types of the flow's signature. */
export function OwnParameters({ fields, own, values, problems, onOwn, onValues }: OwnParametersProps) {
  if (fields.length === 0) return null;
  const shown = fields.filter((field) => own.includes(field.name));
  return (
    <>
      <MultiSelect
        label="Own parameters"
        description="All others are those of the schedule and the deployment"
        placeholder={own.length === 0 ? "Choose what it sets itself" : ""}
        data={fields.map((field) => ({ value: field.name, label: field.label }))}
        value={shown.map((field) => field.name)}
        clearable
        comboboxProps={{ keepMounted: false }}
        onChange={onOwn}
      />
      {shown.length > 0 && <SchemaFields fields={shown} values={values} problems={problems} focus={false} onChange={onValues} />}
    </>
  );
}
