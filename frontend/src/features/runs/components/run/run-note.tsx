import { Button, Textarea } from "@mantine/core";

import { GuardedIcon } from "@/components/ui/guarded-icon";
import { Icon } from "@/components/ui/icon";
import { InlineEdit } from "@/components/ui/inline-edit";
import { useAnnotation } from "@/features/runs/components/run/use-annotation";
import type { Run } from "@/schema/wire/runs";

import styles from "./run-page.module.css";

/** What people wrote on the run, changed in place. */
export function RunNote({ run }: { readonly run: Run }) {
  const { denial, save } = useAnnotation(run);
  const note = run.note ?? "";
  if (note === "" && denial !== null) return null;
  return (
    <InlineEdit
      value={note}
      verb="Save note"
      onSave={(text) => save({ note: text.trim() })}
      shown={(edit) =>
        note === "" ? (
          <Button variant="subtle" color="gray" size="compact-xs" className={styles["addNote"]} leftSection={<Icon name="edit" size={12} />} onClick={edit}>
            Add a note
          </Button>
        ) : (
          <section className={styles["note"]} aria-label="Note">
            <p>{note}</p>
            <GuardedIcon icon="edit" label="Change the note" reason={denial} onClick={edit} />
          </section>
        )
      }
      field={(text, onChange) => (
        <Textarea aria-label="Note" placeholder="What the next one should know" autosize minRows={2} maxRows={12} maxLength={10_000} autoFocus value={text} onChange={(event) => onChange(event.currentTarget.value)} />
      )}
    />
  );
}
