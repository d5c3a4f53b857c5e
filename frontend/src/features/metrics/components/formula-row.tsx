import { ActionIcon, TextInput } from "@mantine/core";
import { useState } from "react";

import { Icon } from "@/components/ui/icon";

import styles from "./metrics.module.css";

interface FormulaRowProps {
  readonly letter: string;
  readonly expression: string;
  readonly error: string | null;
  readonly onChange: (expression: string) => void;
  readonly onRemove: () => void;
}

/** A formula over the letters above; asked for with Enter, or when it is left. */
export function FormulaRow({ letter, expression, error, onChange, onRemove }: FormulaRowProps) {
  const [draft, setDraft] = useState(expression);
  const [asked, setAsked] = useState(expression);
  // Another one came from outside: a letter went, or somebody went back. The box stays, and its focus.
  if (asked !== expression) {
    setAsked(expression);
    setDraft(expression);
  }
  const commit = () => {
    if (draft.trim() !== expression) onChange(draft.trim());
  };
  return (
    <div className={styles["formula"]} role="group" aria-label={`Formula ${letter}`}>
      <span className={styles["letter"]} aria-hidden="true">
        {letter}
      </span>
      <TextInput
        aria-label={`Expression of formula ${letter}`}
        placeholder="A / B * 100"
        classNames={{ input: "mono" }}
        maxLength={200}
        spellCheck={false}
        autoComplete="off"
        value={draft}
        error={error}
        onChange={(event) => setDraft(event.currentTarget.value)}
        onBlur={commit}
        onKeyDown={(event) => {
          if (event.key === "Enter") commit();
          if (event.key === "Escape") setDraft(expression);
        }}
      />
      <ActionIcon aria-label={`Remove formula ${letter}`} onClick={onRemove}>
        <Icon name="close" size={14} />
      </ActionIcon>
    </div>
  );
}
