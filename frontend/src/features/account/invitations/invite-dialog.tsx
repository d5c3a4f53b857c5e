import { MultiSelect, Select, Textarea } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { FormDialog } from "@/components/ui/form-dialog";
import { Icon } from "@/components/ui/icon";
import { Refusal } from "@/components/ui/refusal";
import { accountQuery } from "@/features/account/api/account";
import { invite } from "@/features/account/api/invitations";
import { teamChoicesQuery } from "@/features/account/api/teams";
import { GrantRows, type GrantDraft } from "@/features/account/invitations/grant-rows";
import { ACCOUNT_ROLE_WORDS, parseAddresses, roleChoice, seatsSentence, teamOption, titled } from "@/features/account/model";
import { useAccount } from "@/lib/account";
import { asApiError, type ApiError } from "@/lib/errors";
import { plural } from "@/lib/units";
import { ACCOUNT_ROLES, type AccountRole } from "@/schema/wire/account";

import styles from "../ui/account.module.css";

interface InviteDialogProps {
  readonly onClose: () => void;
  readonly onSent: () => Promise<unknown>;
}

interface Fate {
  readonly email: string;
  readonly error: ApiError | null;
}

/** Several addresses at once; each has a fate of its own, and those refused stay in the field. */
export function InviteDialog({ onClose, onSent }: InviteDialogProps) {
  const account = useAccount();
  const detail = useQuery(accountQuery(account.id));
  const teams = useQuery(teamChoicesQuery(account.id));
  const [text, setText] = useState("");
  const [role, setRole] = useState<AccountRole>("MEMBER");
  const [grants, setGrants] = useState<readonly GrantDraft[]>([]);
  const [teamIds, setTeamIds] = useState<string[]>([]);
  const { good, bad } = parseAddresses(text);
  const send = useMutation({
    mutationFn: async (): Promise<readonly Fate[]> => {
      const body = { account_role: role, grants: grants.map((grant) => ({ workspace_id: grant.workspace, ...roleChoice(grant.role) })), team_ids: teamIds };
      const fates: Fate[] = [];
      // One after the other: each takes a seat, and the last ones may find none.
      for (const email of good) {
        try {
          await invite(account.id, { email, ...body });
          fates.push({ email, error: null });
        } catch (error) {
          fates.push({ email, error: asApiError(error) });
        }
      }
      return fates;
    },
    onSuccess: async (fates) => {
      const sent = fates.filter((fate) => fate.error === null).length;
      if (sent > 0) notifications.show({ message: `${plural(sent, "invitation")} sent` });
      await onSent();
      const left = fates.filter((fate) => fate.error !== null);
      if (left.length === 0) onClose();
      else setText(left.map((fate) => fate.email).join("\n"));
    },
  });
  const refused = (send.data ?? []).filter((fate) => fate.error !== null && good.includes(fate.email));
  const seats = detail.data === undefined ? null : seatsSentence(detail.data, good.length);
  const owner = account.role !== "OWNER" ? "Only an owner makes owners." : null;
  const gap = good.length === 0 ? "Write at least one address." : bad.length > 0 ? `${bad[0] ?? ""} is no address.` : role === "OWNER" ? owner : null;

  return (
    <FormDialog
      title="Invite people"
      verb={good.length > 1 ? `Send ${good.length} invitations` : "Send invitation"}
      gap={gap}
      busy={send.isPending}
      error={send.error}
      size="lg"
      onSubmit={() => send.mutate()}
      onClose={onClose}
    >
      <Textarea
        label="Addresses"
        description="One or many: by line, comma or space"
        autosize
        minRows={3}
        maxRows={8}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        error={bad.length > 0 ? `Not an address: ${bad.join(", ")}` : undefined}
        data-autofocus
      />
      {seats !== null && (
        <p className={styles["note"]} data-tone={seats.short ? "warn" : undefined} role="status">
          {seats.text}
        </p>
      )}
      <Select
        label="Role in the account"
        description={ACCOUNT_ROLE_WORDS[role]}
        allowDeselect={false}
        data={ACCOUNT_ROLES.map((each) => ({ value: each, label: titled(each), disabled: each === "OWNER" && owner !== null }))}
        value={role}
        onChange={(next) => setRole(ACCOUNT_ROLES.find((each) => each === next) ?? "MEMBER")}
      />
      <GrantRows account={account.id} grants={grants} onChange={setGrants} />
      <MultiSelect
        label="Teams"
        description="They get what the teams have"
        placeholder={teamIds.length === 0 ? "None" : ""}
        searchable
        data={(teams.data?.items ?? []).map((team) => teamOption(team))}
        value={teamIds}
        onChange={setTeamIds}
        error={teams.error?.message}
      />
      {refused.length > 0 && (
        <ul className={styles["lines"]} aria-label="Not sent">
          {refused.map(({ email, error }) => (
            <li key={email} className={styles["line"]}>
              <Icon name="alert" size={14} />
              <span className={styles["grow"]}>
                {email}
                <Refusal error={error} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </FormDialog>
  );
}
