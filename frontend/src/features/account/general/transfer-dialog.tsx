import { TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { fieldError, FormDialog } from "@/components/ui/form-dialog";
import { transferOwnership } from "@/features/account/api/account";
import { SubjectSelect } from "@/features/account/ui/subject-select";
import type { AccountDetail } from "@/schema/wire/account";

interface TransferDialogProps {
  readonly account: AccountDetail;
  readonly onClose: () => void;
  readonly onDone: () => Promise<unknown>;
}

export function TransferDialog({ account, onClose, onDone }: TransferDialogProps) {
  const [member, setMember] = useState<string | null>(null);
  const [typed, setTyped] = useState("");
  const transfer = useMutation({
    mutationFn: (id: string) => transferOwnership(account.id, id),
    onSuccess: async () => {
      notifications.show({ message: `${account.name} has another owner; you are admin` });
      await onDone();
      onClose();
    },
  });
  return (
    <FormDialog
      title={`Transfer ${account.name}`}
      verb="Transfer ownership"
      gap={member === null ? "Choose who becomes owner." : typed === account.name ? null : "Type the account’s name."}
      busy={transfer.isPending}
      error={transfer.error}
      shown={["member_id"]}
      onSubmit={() => {
        if (member !== null) transfer.mutate(member);
      }}
      onClose={onClose}
    >
      <p style={{ margin: 0 }}>
        They will own {account.name} with every workspace of it, and see to its plan. You become admin and can’t take it back yourself.
      </p>
      <SubjectSelect account={account.id} kind="member" label="New owner" value={member} onChange={setMember} error={fieldError(transfer.error, "member_id")} />
      <TextInput label={`Type ${account.name} to confirm`} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} autoComplete="off" />
    </FormDialog>
  );
}
