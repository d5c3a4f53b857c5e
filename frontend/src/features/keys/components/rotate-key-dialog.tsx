import { Select } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { FormDialog } from "@/components/ui/form-dialog";
import { rotateKey } from "@/features/keys/api/keys";
import { KeySecret } from "@/features/keys/components/key-secret";
import type { KeyRow } from "@/features/keys/components/keys-panel";
import { OVERLAPS } from "@/features/keys/model";
import { formatExact } from "@/lib/time";

interface RotateKeyDialogProps {
  readonly apiKey: KeyRow;
  readonly workspace: string;
  readonly onClose: () => void;
  readonly onRotated: () => Promise<unknown>;
}

/** A new secret for the same thing, and a time in which both work. */
export function RotateKeyDialog({ apiKey, workspace, onClose, onRotated }: RotateKeyDialogProps) {
  const [overlap, setOverlap] = useState("86400");
  const [endsAt, setEndsAt] = useState<string | null>(null);
  const rotate = useMutation({
    mutationFn: () => rotateKey(workspace, apiKey.id, Number(overlap)),
    onSuccess: () => {
      setEndsAt(formatExact(Date.now() + Number(overlap) * 1000));
      return onRotated();
    },
  });
  if (rotate.data !== undefined) {
    return (
      <KeySecret secret={rotate.data.secret} onClose={onClose}>
        <p style={{ margin: 0 }}>{overlap === "0" ? `The old one, ${apiKey.prefix}…, is refused from now on.` : `The old one, ${apiKey.prefix}…, works until ${endsAt ?? ""}.`}</p>
      </KeySecret>
    );
  }
  return (
    <FormDialog title={`Rotate ${apiKey.name}`} verb="Rotate key" gap={null} busy={rotate.isPending} error={rotate.error} onSubmit={() => rotate.mutate()} onClose={onClose}>
      <p style={{ margin: 0 }}>You get a new key with the same name and rights. Put it where the old one is while both work.</p>
      <Select label={`${apiKey.prefix}… ends`} allowDeselect={false} data={[...OVERLAPS]} value={overlap} onChange={(value) => setOverlap(value ?? "86400")} />
    </FormDialog>
  );
}
