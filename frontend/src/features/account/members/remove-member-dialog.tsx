import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { removeMember } from "@/features/account/api/members";
import { losses, personName } from "@/features/account/model";
import { useAccount } from "@/lib/account";
import type { AccountMemberDetail } from "@/schema/wire/account";

import styles from "../ui/account.module.css";

interface RemoveMemberDialogProps {
  readonly member: AccountMemberDetail;
  readonly onClose: () => void;
  readonly onRemoved: () => void;
}

/** Asks by name and says what goes: a removal can't be taken back, other than a deactivation. */
export function RemoveMemberDialog({ member, onClose, onRemoved }: RemoveMemberDialogProps) {
  const account = useAccount();
  const remove = useMutation({
    mutationFn: () => removeMember(account.id, member.id),
    onSuccess: () => {
      notifications.show({ message: `${personName(member.user)} removed from ${account.name}` });
      onRemoved();
    },
  });
  const gone = losses(member, member.keys);
  return (
    <ConfirmDialog
      opened
      title={`Remove ${personName(member.user)}`}
      verb="Remove member"
      danger
      typeName={member.user.email}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <p style={{ margin: 0 }}>They lose their place in {account.name} at once, in open sessions too{gone.length > 0 ? ", and with it:" : "."}</p>
      {gone.length > 0 && (
        <ul className={styles["plainList"]}>
          {gone.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
      <p style={{ margin: "8px 0 0" }} className="muted">
        What they made stays: flows, deployments, automations and the log. To take access away for a time, deactivate instead.
      </p>
    </ConfirmDialog>
  );
}
