import { Button, Group, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { GuardedButton } from "@/components/ui/guarded-button";
import { GuardedIcon } from "@/components/ui/guarded-icon";
import { Icon } from "@/components/ui/icon";
import { Refusal } from "@/components/ui/refusal";
import { annotateRun, runQuery, withNews } from "@/features/runs/api/run";
import { annotateDenial } from "@/features/runs/run-model";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { Run } from "@/schema/wire/runs";

import styles from "./run-page.module.css";

/** What people wrote on the run, changed in place. */
export function RunNote({ run }: { readonly run: Run }) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const [text, setText] = useState<string | null>(null);
  const denial = annotateDenial(run, useDenial("runs:write"));
  const save = useMutation({
    mutationFn: (note: string) => annotateRun(slug, run.id, { note }),
    onSuccess: (changed) => {
      client.setQueryData(runQuery(slug, run.id).queryKey, (known) => withNews(known, changed));
      setText(null);
    },
  });
  const note = run.note ?? "";
  if (text === null) {
    if (note === "") {
      return denial === null ? (
        <Button variant="subtle" color="gray" size="compact-xs" className={styles["addNote"]} leftSection={<Icon name="edit" size={12} />} onClick={() => setText("")}>
          Add a note
        </Button>
      ) : null;
    }
    return (
      <section className={styles["note"]} aria-label="Note">
        <p>{note}</p>
        <GuardedIcon icon="edit" label="Change the note" reason={denial} onClick={() => setText(note)} />
      </section>
    );
  }
  return (
    <form
      className={styles["noteForm"]}
      onSubmit={(event) => {
        event.preventDefault();
        if (!save.isPending) save.mutate(text.trim());
      }}
    >
      <Textarea aria-label="Note" placeholder="What the next one should know" autosize minRows={2} maxRows={12} maxLength={10_000} autoFocus value={text} onChange={(event) => setText(event.currentTarget.value)} />
      {save.error !== null && <Refusal error={save.error} />}
      <Group gap={8}>
        <GuardedButton reason={null} size="xs" loading={save.isPending}>
          Save note
        </GuardedButton>
        <Button
          variant="default"
          size="xs"
          onClick={() => {
            save.reset();
            setText(null);
          }}
        >
          Back
        </Button>
      </Group>
    </form>
  );
}
