import { MultiSelect, NativeSelect, NumberInput, TextInput } from "@mantine/core";

import type { Field } from "@/components/form/schema";
import { SchemaFields } from "@/components/form/schema-fields";
import { SpanInput } from "@/components/ui/span-input";
import type { SchedulePartProps } from "@/features/deployments/components/schedule-times";
import { MOST_MISSED } from "@/features/deployments/schedule-draft";
import type { Schedule } from "@/schema/wire/deployments";

import styles from "./schedules.module.css";

const MISSED: readonly { readonly value: Schedule["missed_policy"]; readonly label: string }[] = [
  { value: "LATEST", label: "one run, for the last of them" },
  { value: "SKIP", label: "nothing, it waits for the next time" },
  { value: "ALL", label: "a run for each of them" },
];

interface ScheduleMoreProps extends SchedulePartProps {
  readonly fields: readonly Field[];
  /** Of its parameters, by name. */
  readonly problems: Readonly<Record<string, string>>;
}

/** What else a schedule says: its name, its slack, what of missed times, its parameters. */
export function ScheduleMore({ draft, fields, problems, problemOf, onChange }: ScheduleMoreProps) {
  const own = fields.filter((field) => draft.own.includes(field.name));
  return (
    <>
      <TextInput
        label="Name"
        description="Optional. A deploy finds it by its name and keeps its pause."
        value={draft.name}
        maxLength={100}
        onChange={(event) => onChange({ name: event.currentTarget.value }, "name")}
        error={problemOf("name")}
      />
      <SpanInput
        label="Jitter"
        description="Each run starts up to that much later, so that not everything starts at once"
        units={["s", "m", "h"]}
        value={draft.jitter}
        onChange={(jitter) => onChange({ jitter }, "jitter_seconds")}
        error={problemOf("jitter_seconds")}
      />
      <div className={draft.missed === "ALL" ? styles["missed"] : undefined}>
        <NativeSelect
          label="For times missed while nothing could start"
          data={[...MISSED]}
          value={draft.missed}
          onChange={(event) => onChange({ missed: event.currentTarget.value as Schedule["missed_policy"] }, "missed_policy")}
          error={problemOf("missed_policy")}
        />
        {draft.missed === "ALL" && (
          <NumberInput
            label="At most"
            min={1}
            max={MOST_MISSED}
            allowDecimal={false}
            value={draft.cap}
            onChange={(cap) => onChange({ cap: String(cap) }, "missed_cap")}
            error={problemOf("missed_cap")}
          />
        )}
      </div>
      {fields.length > 0 && (
        <MultiSelect
          label="Own parameters"
          description="All others are those of the deployment"
          placeholder={draft.own.length === 0 ? "Choose what it sets itself" : ""}
          data={fields.map((field) => ({ value: field.name, label: field.label }))}
          value={[...draft.own]}
          clearable
          comboboxProps={{ keepMounted: false }}
          onChange={(own) => onChange({ own }, "own")}
        />
      )}
      {own.length > 0 && (
        <SchemaFields
          fields={own}
          values={draft.values}
          problems={problems}
          focus={false}
          onChange={(values, name) => onChange({ values }, `parameters.${name}`)}
        />
      )}
    </>
  );
}
