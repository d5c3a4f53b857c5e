import { SegmentedControl } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { FormDialog } from "@/components/ui/form-dialog";
import { paths } from "@/config/paths";
import { grantRole } from "@/features/account/api/grants";
import { roleChoice, SUBJECT_WORDS } from "@/features/account/model";
import { RoleSelect } from "@/features/account/ui/role-select";
import { SubjectSelect } from "@/features/account/ui/subject-select";
import { useWorkspace } from "@/lib/workspace";
import type { Assignment, SubjectKind } from "@/schema/wire/account";

interface AddAccessDialogProps {
  /** Those who have a role already. */
  readonly taken: readonly Assignment[];
  readonly onClose: () => void;
  readonly onAdded: () => Promise<unknown>;
}

export function AddAccessDialog({ taken, onClose, onAdded }: AddAccessDialogProps) {
  const { slug, name, account } = useWorkspace();
  const [kind, setKind] = useState<SubjectKind>("member");
  const [subject, setSubject] = useState<string | null>(null);
  const [role, setRole] = useState("VIEWER");
  const give = useMutation({
    mutationFn: (id: string) => grantRole(slug, kind, id, roleChoice(role)),
    onSuccess: async () => {
      await onAdded();
      onClose();
    },
  });
  return (
    <FormDialog
      title={`Give access to ${name}`}
      verb="Give role"
      gap={subject === null ? "Choose who gets it." : null}
      busy={give.isPending}
      error={give.error}
      onSubmit={() => {
        if (subject !== null) give.mutate(subject);
      }}
      onClose={onClose}
    >
      <SegmentedControl
        aria-label="Kind"
        fullWidth
        size="xs"
        data={(["member", "team", "service_account"] as const).map((value) => ({ value, label: SUBJECT_WORDS[value] }))}
        value={kind}
        onChange={(next: SubjectKind) => {
          setKind(next);
          setSubject(null);
        }}
      />
      <SubjectSelect
        key={kind}
        account={account.id}
        kind={kind}
        label={SUBJECT_WORDS[kind]}
        value={subject}
        onChange={setSubject}
        without={new Set(taken.filter((each) => each.kind === kind).map((each) => each.subject_id))}
      />
      <RoleSelect account={account.id} label="Role" value={role} onChange={setRole} />
      <p className="muted" style={{ margin: 0, fontSize: 13 }}>
        Somebody new to {account.name}?{" "}
        <Link to={paths.invitations} params={{ account: account.id }} search={{ invite: "new" }} className="link">
          Invite them
        </Link>{" "}
        with a role here.
      </p>
    </FormDialog>
  );
}
