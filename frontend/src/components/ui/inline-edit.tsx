import { Button, Group } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";

import { GuardedButton } from "@/components/ui/guarded-button";
import { Refusal } from "@/components/ui/refusal";

import styles from "./inline-edit.module.css";

interface InlineEditProps<T> {
  /** What the editing begins with. */
  readonly value: T;
  /** On the button that saves. */
  readonly verb: string;
  /** How it looks while nobody changes it; `edit` opens the field. */
  readonly shown: (edit: () => void) => ReactNode;
  readonly field: (draft: T, onChange: (draft: T) => void) => ReactNode;
  readonly onSave: (draft: T) => Promise<void>;
}

/** One value, changed where it stands. What is refused stays in the field, with the reason. */
export function InlineEdit<T>({ value, verb, shown, field, onSave }: InlineEditProps<T>) {
  // Boxed, so that no value of T can mean "nobody is changing it".
  const [draft, setDraft] = useState<{ readonly value: T } | null>(null);
  const save = useMutation({ mutationFn: onSave, onSuccess: () => setDraft(null) });
  if (draft === null) return shown(() => setDraft({ value }));
  return (
    <form
      className={styles["form"]}
      onSubmit={(event) => {
        event.preventDefault();
        if (!save.isPending) save.mutate(draft.value);
      }}
    >
      {field(draft.value, (next) => setDraft({ value: next }))}
      {save.error !== null && <Refusal error={save.error} />}
      <Group gap={8}>
        <GuardedButton reason={null} size="xs" loading={save.isPending}>
          {verb}
        </GuardedButton>
        <Button
          variant="default"
          size="xs"
          onClick={() => {
            save.reset();
            setDraft(null);
          }}
        >
          Back
        </Button>
      </Group>
    </form>
  );
}
