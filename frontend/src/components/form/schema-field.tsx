import { Select, Switch, TagsInput, Textarea, TextInput } from "@mantine/core";

import { isList, type Field, type RawValue } from "./schema";

interface SchemaFieldProps {
  readonly field: Field;
  /** Has the keyboard when the form opens. */
  readonly first: boolean;
  readonly value: RawValue;
  readonly error: string | undefined;
  readonly onChange: (value: RawValue) => void;
}

/** One value that a JSON schema asks for, with the control that fits its type; groups are drawn around it. */
export function SchemaField({ field, first, value, error, onChange }: SchemaFieldProps) {
  const frame = {
    label: field.label,
    description: field.description ?? undefined,
    error,
    withAsterisk: field.required,
    "data-autofocus": first || undefined,
  };
  const text = typeof value === "string" ? value : "";
  switch (field.kind) {
    case "boolean":
      return (
        <Switch
          label={field.label}
          description={field.description ?? undefined}
          error={error}
          data-autofocus={first || undefined}
          checked={value === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case "enum":
      return (
        <Select
          {...frame}
          data={(field.schema.enum ?? []).map((option) => ({ value: JSON.stringify(option), label: String(option) }))}
          value={text === "" ? null : text}
          onChange={(next) => onChange(next ?? "")}
          clearable={!field.required}
          searchable={(field.schema.enum?.length ?? 0) > 8}
        />
      );
    case "array":
      return (
        <TagsInput
          {...frame}
          size="xs"
          placeholder="Type and press Enter"
          value={isList(value) ? [...value] : []}
          onChange={onChange}
          acceptValueOnBlur
        />
      );
    case "json":
    case "map":
    case "text":
      return (
        <Textarea
          {...frame}
          autosize
          minRows={field.kind === "json" ? 3 : 2}
          maxRows={14}
          placeholder={field.kind === "map" ? "name=value, one a line" : undefined}
          value={text}
          onChange={(event) => onChange(event.currentTarget.value)}
          styles={field.kind === "text" ? {} : { input: { fontFamily: "var(--mono)", fontSize: 12.5 } }}
        />
      );
    default:
      return (
        <TextInput
          {...frame}
          type={field.kind === "date" ? "date" : field.kind === "date-time" ? "datetime-local" : "text"}
          inputMode={field.kind === "integer" ? "numeric" : field.kind === "number" ? "decimal" : undefined}
          value={text}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
  }
}
