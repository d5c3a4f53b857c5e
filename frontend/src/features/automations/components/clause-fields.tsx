import { ActionIcon, Autocomplete, Button, TagsInput } from "@mantine/core";

import { Icon } from "@/components/ui/icon";
import type { Clause, Clauses } from "@/features/automations/draft";

import styles from "./automations.module.css";

interface ClauseFieldsProps {
  readonly label: string;
  readonly clauses: Clauses;
  /** Event names seen lately. */
  readonly names: readonly string[];
  readonly fields: readonly string[];
  readonly error: string | undefined;
  readonly onChange: (clauses: Clauses) => void;
}

const ALWAYS = [
  { field: "name", words: "an event named", label: "Event name", empty: "any name" },
  { field: "resource.name", words: "on", label: "Resource name", empty: "anything" },
] as const;

/** Which events, as the middle of a sentence: name and resource always, further fields as they are needed. */
export function ClauseFields({ label, clauses, names, fields, error, onChange }: ClauseFieldsProps) {
  // The first clause of a usual field is the one in the sentence; all others get lines of their own.
  const usual = ALWAYS.map(({ field }) => clauses.findIndex((clause) => clause.field === field));
  const further = clauses.map((clause, place) => ({ clause, place })).filter(({ place }) => !usual.includes(place));
  const write = (place: number, clause: Clause) => onChange(clauses.map((each, at) => (at === place ? clause : each)));
  return (
    <div className={styles["clauses"]} role="group" aria-label={label} data-wrong={error !== undefined || undefined}>
      <div className={styles["line"]}>
        {ALWAYS.map(({ field, words, label: own, empty }, index) => {
          const place = usual[index] ?? -1;
          const patterns = clauses[place]?.patterns ?? [];
          return (
            <span key={field} className={styles["part"]}>
              <span>{words}</span>
              <TagsInput
                aria-label={own}
                className={styles["grow"] ?? ""}
                placeholder={patterns.length === 0 ? empty : ""}
                data={field === "name" ? [...names] : []}
                limit={50}
                value={[...patterns]}
                acceptValueOnBlur
                onChange={(next) => {
                  if (place < 0) onChange([...clauses, { field, patterns: next }]);
                  else if (next.length === 0) onChange(clauses.filter((_, at) => at !== place));
                  else write(place, { field, patterns: next });
                }}
              />
            </span>
          );
        })}
      </div>
      {further.map(({ clause, place }) => (
        <div key={place} className={styles["line"]} role="group" aria-label={`Condition on ${clause.field === "" ? "a field" : clause.field}`}>
          <span>where</span>
          <Autocomplete
            aria-label="Field"
            className={styles["grow"] ?? ""}
            placeholder="payload.rows"
            data={[...fields]}
            limit={50}
            value={clause.field}
            onChange={(field) => write(place, { ...clause, field })}
          />
          <span>is</span>
          <TagsInput
            aria-label="Values"
            className={styles["grow"] ?? ""}
            placeholder={clause.patterns.length === 0 ? "value, prefix* or !not" : ""}
            value={[...clause.patterns]}
            acceptValueOnBlur
            onChange={(patterns) => write(place, { ...clause, patterns })}
          />
          <ActionIcon aria-label="Remove the condition" onClick={() => onChange(clauses.filter((_, at) => at !== place))}>
            <Icon name="close" size={13} />
          </ActionIcon>
        </div>
      ))}
      <div className={styles["line"]}>
        <Button variant="subtle" size="compact-xs" leftSection={<Icon name="plus" size={12} />} onClick={() => onChange([...clauses, { field: "", patterns: [] }])}>
          and where…
        </Button>
        <span className={styles["hint"]}>Any of the values will do. A * at the end stands for the rest, a ! in front excludes.</span>
      </div>
      {error !== undefined && (
        <p className={styles["wrong"]} role="alert">
          {error}
        </p>
      )}
    </div>
  );
}
