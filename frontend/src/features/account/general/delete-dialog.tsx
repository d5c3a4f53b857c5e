import { Checkbox } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { RelativeTime } from "@/components/ui/relative-time";
import { deleteForGood, type Owned } from "@/features/account/api/lifecycle";
import { useNow } from "@/lib/now";
import type { DataExport } from "@/schema/wire/account";

interface DeleteDialogProps {
  readonly what: Owned;
  readonly newest: DataExport | undefined;
  readonly onClose: () => void;
  readonly onDeleted: () => void;
}

const FRESH_MS = 24 * 3_600_000;

/** Asks for the name, and for an export of the last day or the word that none is wanted. */
export function DeleteDialog({ what, newest, onClose, onDeleted }: DeleteDialogProps) {
  const client = useQueryClient();
  const now = useNow();
  const [without, setWithout] = useState(false);
  const remove = useMutation({
    mutationFn: () => deleteForGood(what, what.name, without),
    onSuccess: async () => {
      await client.refetchQueries({ queryKey: ["me"] });
      onDeleted();
    },
  });
  const fresh = newest?.state === "DONE" && newest.finished_at !== null && now - Date.parse(newest.finished_at) < FRESH_MS;
  return (
    <ConfirmDialog
      opened
      title={`Delete ${what.name}`}
      verb={`Delete ${what.kind}`}
      danger
      typeName={what.name}
      blocked={fresh || without ? null : "Export first, or say that none is wanted."}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <p style={{ margin: "0 0 12px" }}>
        {what.kind === "account"
          ? "Every workspace of it goes with all its runs, events, metrics and logs; every member loses it; the plan ends."
          : "Its flows, deployments, runs, events, metrics, logs, keys and automations go. Agents that serve it are refused from then on."}{" "}
        It can’t be undone.
      </p>
      {fresh && newest.finished_at !== null ? (
        <p className="muted" style={{ margin: 0 }}>
          An export was made <RelativeTime at={newest.finished_at} />; download it before you go on.
        </p>
      ) : (
        <Checkbox
          size="xs"
          label="Delete without an export"
          description="There is none of the last day. Close this and export first to keep a copy."
          checked={without}
          onChange={(event) => setWithout(event.currentTarget.checked)}
        />
      )}
    </ConfirmDialog>
  );
}
