import { TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { fieldError, FormDialog } from "@/components/ui/form-dialog";
import { GuardedSwitch } from "@/components/ui/guarded-switch";
import { createView, savedViewKeys, type NewView } from "@/features/saved-views/api/saved-views";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { ViewPage } from "@/schema/wire/saved-views";

interface SaveViewDialogProps {
  readonly page: ViewPage;
  readonly query: string;
  readonly onClose: () => void;
}

/** Keeps what the page shows: its filters and its time. */
export function SaveViewDialog({ page, query, onClose }: SaveViewDialogProps) {
  const { slug, name: workspace, archived_at } = useWorkspace();
  const client = useQueryClient();
  const denial = useDenial("telemetry:manage");
  const [name, setName] = useState("");
  const [shared, setShared] = useState(false);
  const save = useMutation({
    mutationFn: (body: NewView) => createView(slug, body),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: savedViewKeys.all(slug) });
      onClose();
    },
  });
  const gap = archived_at !== null ? `${workspace} is archived: restore it first, in its settings.` : name.trim() === "" ? "Give it a name." : null;
  return (
    <FormDialog
      title="Save as view"
      verb="Save view"
      gap={gap}
      busy={save.isPending}
      error={save.error}
      shown={["name"]}
      onSubmit={() => save.mutate({ page, name: name.trim(), query, is_shared: shared })}
      onClose={onClose}
    >
      <TextInput
        label="Name"
        description="Its filters and its time are kept"
        maxLength={120}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={fieldError(save.error, "name")}
        data-autofocus
      />
      <div style={{ display: "flex", gap: 8, alignItems: "center" }}>
        <GuardedSwitch label="Share with the workspace" reason={denial} checked={shared} onChange={setShared} />
        <span>{shared ? `Everybody in ${workspace} sees it` : "Only you see it"}</span>
      </div>
    </FormDialog>
  );
}
