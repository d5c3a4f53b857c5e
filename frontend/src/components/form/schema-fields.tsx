import { Stack, Switch } from "@mantine/core";

import { initialValues, isGroup, type Field, type RawValue, type RawValues } from "./schema";
import { SchemaField } from "./schema-field";
import styles from "./schema-fields.module.css";
import { problemsInside } from "./validate";

interface SchemaFieldsProps {
  readonly fields: readonly Field[];
  readonly values: RawValues;
  /** By name, with that of its group in front: "options.retries". */
  readonly problems: Readonly<Record<string, string>>;
  /** Whether the first one has the keyboard when the form opens. */
  readonly focus?: boolean;
  readonly onChange: (values: RawValues, name: string) => void;
}

/** The fields of a JSON schema, one below the other. */
export function SchemaFields({ fields, values, problems, focus = true, onChange }: SchemaFieldsProps) {
  return (
    <Stack gap={12}>
      {fields.map((field, index) => {
        const frame = {
          field,
          value: values[field.name] ?? "",
          error: problems[field.name],
          onChange: (value: RawValue) => onChange({ ...values, [field.name]: value }, field.name),
        };
        return field.kind === "group" ? (
          <Group key={field.name} {...frame} problems={problemsInside(problems, field.name)} />
        ) : (
          <SchemaField key={field.name} {...frame} first={focus && index === 0} />
        );
      })}
    </Stack>
  );
}

interface GroupProps {
  readonly field: Field;
  readonly value: RawValue;
  readonly error: string | undefined;
  readonly problems: Readonly<Record<string, string>>;
  readonly onChange: (value: RawValue) => void;
}

/** An object within the object. One that needn't be given is switched on first. */
function Group({ field, value, error, problems, onChange }: GroupProps) {
  const inside = isGroup(value) ? value : null;
  return (
    <fieldset className={styles["group"]} data-open={inside !== null || undefined}>
      <legend className={field.required ? undefined : "visually-hidden"}>{field.label}</legend>
      {!field.required && (
        <Switch
          label={field.label}
          description={field.description ?? undefined}
          checked={inside !== null}
          onChange={(event) => onChange(event.currentTarget.checked ? initialValues(field.fields, {}) : false)}
        />
      )}
      {field.required && field.description !== null && <p className="muted">{field.description}</p>}
      {error !== undefined && <p className={styles["problem"]}>{error}</p>}
      {inside !== null && <SchemaFields fields={field.fields} values={inside} problems={problems} focus={false} onChange={onChange} />}
    </fieldset>
  );
}
