import { NumberInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { fieldError, FormDialog } from "@/components/ui/form-dialog";
import { previewQuery, setRetention, storageKeys } from "@/features/storage/api/storage";
import { droppedText, STORED_WORDS } from "@/features/storage/model";
import { useWorkspace } from "@/lib/workspace";
import type { StoredKind } from "@/schema/wire/storage";

import styles from "./storage.module.css";

interface RetentionDialogProps {
  readonly kind: StoredKind;
  readonly onClose: () => void;
}

const SETTLE_MS = 250;

/** Choose a time, and see what it drops before it does. */
export function RetentionDialog({ kind, onClose }: RetentionDialogProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const [text, setText] = useState<number | string>(kind.kept_days);
  const chosen = typeof text === "number" ? text : Number.NaN;
  const gap = Number.isInteger(chosen) && chosen >= 1 && chosen <= kind.plan_days ? null : `From 1 to ${kind.plan_days} days.`;
  // As long as the plan keeps is to follow the plan, also when it changes.
  const days = chosen === kind.plan_days ? null : chosen;
  const [settled] = useDebouncedValue(days, SETTLE_MS);
  const preview = useQuery({ ...previewQuery(slug, kind.kind, settled), enabled: gap === null && settled === days });
  const shown = settled === days && gap === null ? preview.data : undefined;
  const save = useMutation({
    mutationFn: () => setRetention(slug, kind.kind, days),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: storageKeys.all(slug) });
      onClose();
    },
  });
  return (
    <FormDialog
      title={`How long ${STORED_WORDS[kind.kind].toLowerCase()} are kept`}
      verb="Save"
      gap={gap ?? (shown === undefined && !preview.isError ? "Looking at what it drops…" : null)}
      busy={save.isPending}
      error={save.error ?? preview.error}
      shown={["days"]}
      onSubmit={() => save.mutate()}
      onClose={onClose}
    >
      <NumberInput label="Days" description={`The plan keeps ${kind.plan_days}.`} min={1} max={kind.plan_days} allowDecimal={false} value={text} error={fieldError(save.error ?? preview.error, "days")} onChange={setText} data-autofocus />
      {shown !== undefined && (
        <p className={styles[shown.dropped_rows === 0 ? "kept" : "dropped"]} role="status">
          {droppedText(shown)}
        </p>
      )}
    </FormDialog>
  );
}
