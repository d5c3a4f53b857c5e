import { Select } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { CopyId } from "@/components/ui/copy-id";
import { Drawer } from "@/components/ui/dialog";
import { ErrorState } from "@/components/ui/error-state";
import { Facts } from "@/components/ui/facts";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Refusal } from "@/components/ui/refusal";
import { RelativeTime } from "@/components/ui/relative-time";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { paths } from "@/config/paths";
import { accountKeys } from "@/features/account/api/keys";
import { changeAccountRole, memberQuery, setDeactivated } from "@/features/account/api/members";
import { MemberGrants } from "@/features/account/members/member-grants";
import { MemberTeams } from "@/features/account/members/member-teams";
import { RemoveMemberDialog } from "@/features/account/members/remove-member-dialog";
import { ACCOUNT_ROLE_WORDS, personName, titled } from "@/features/account/model";
import { reasonOf } from "@/lib/may";
import { Badge } from "@/features/account/ui/badge";
import { useAccount, useAccountDenial } from "@/lib/account";
import { formatCount, plural } from "@/lib/units";
import { ACCOUNT_ROLES, type AccountMember, type AccountMemberDetail, type AccountRole } from "@/schema/wire/account";

import styles from "../ui/account.module.css";

interface MemberDrawerProps {
  readonly id: string;
  /** The row of the list, shown until the rest is there. */
  readonly known: AccountMember | undefined;
  readonly onClose: () => void;
}

export function MemberDrawer({ id, known, onClose }: MemberDrawerProps) {
  const account = useAccount();
  const member = useQuery(memberQuery(account.id, id));
  const user = (member.data ?? known)?.user;
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size={520}
      title={user === undefined ? "Member" : personName(user)}
      closeButtonProps={{ "aria-label": "Close" }}
      styles={{ title: { fontSize: 16, fontWeight: 600 } }}
    >
      {member.isPending && <SkeletonRows rows={6} label="the member" />}
      {member.isError && <ErrorState error={member.error} what="member" onRetry={() => void member.refetch()} />}
      {member.data !== undefined && <MemberDetail member={member.data} onGone={onClose} />}
    </Drawer>
  );
}

const SOURCES: Readonly<Record<AccountMember["source"], string>> = { SIGNUP: "signed up", INVITATION: "by invitation", SSO: "by single sign-on", SCIM: "by the directory (SCIM)" };

function MemberDetail({ member, onGone }: { readonly member: AccountMemberDetail; readonly onGone: () => void }) {
  const account = useAccount();
  const client = useQueryClient();
  const scope = useAccountDenial("members:manage");
  const [removing, setRemoving] = useState(false);
  const refresh = () => client.invalidateQueries({ queryKey: accountKeys.all(account.id) });
  const change = useMutation({ mutationFn: (role: AccountRole) => changeAccountRole(account.id, member.id, role), onSuccess: refresh });
  const deactivate = useMutation({
    mutationFn: (off: boolean) => setDeactivated(account.id, member.id, off),
    onSuccess: (_, off) => {
      notifications.show({ message: `${personName(member.user)} ${off ? "deactivated" : "active again"}` });
      return refresh();
    },
  });
  const off = member.deactivated_at !== null;
  const roleDenial = reasonOf(member.may.change_role) ?? scope;
  const problem = change.error ?? deactivate.error;
  return (
    <div className={styles["stack"]}>
      <Facts
        facts={[
          { term: "Address", value: member.user.email },
          { term: "Came", value: SOURCES[member.source] },
          { term: "Last seen", value: <RelativeTime at={member.last_seen_at} none="never" /> },
          {
            term: "Second factor",
            value: member.mfa ? <Badge icon="shield" tone="good">on</Badge> : member.sso ? <Badge icon="lock" tone="good">by sign-on</Badge> : <Badge icon="alert" tone="warn">none</Badge>,
          },
          { term: "Personal keys", value: formatCount(member.keys) },
          {
            term: "What they changed",
            value: (
              <Link to={paths.audit} params={{ account: account.id }} search={{ actor: member.user.id }} className="link">
                Audit log
              </Link>
            ),
          },
          { term: "Id", value: <CopyId id={member.id} label="member id" /> },
        ]}
      />
      {off && (
        <p className={styles["note"]} data-tone="warn" role="note">
          Deactivated <RelativeTime at={member.deactivated_at} />: no session and no key of theirs works here. What they made stays.
        </p>
      )}
      <Select
        label="Role in the account"
        description={ACCOUNT_ROLE_WORDS[member.account_role]}
        allowDeselect={false}
        readOnly={roleDenial !== null}
        title={roleDenial ?? undefined}
        aria-description={roleDenial ?? undefined}
        data={ACCOUNT_ROLES.map((role) => ({ value: role, label: titled(role) }))}
        value={change.isPending ? change.variables : member.account_role}
        onChange={(role) => {
          const chosen = ACCOUNT_ROLES.find((each) => each === role);
          if (chosen !== undefined && chosen !== member.account_role) change.mutate(chosen);
        }}
      />
      {roleDenial !== null && <p className={styles["under"]}>{roleDenial}</p>}
      <MemberGrants member={member} onChanged={refresh} />
      <MemberTeams member={member} onChanged={refresh} />
      <section className={styles["section"]} aria-label="Access">
        <h3 className={styles["sectionTitle"]}>Take access away</h3>
        <div className={styles["row"]}>
          <GuardedButton variant="default" reason={reasonOf(member.may.deactivate) ?? scope} loading={deactivate.isPending} onClick={() => deactivate.mutate(!off)}>
            {off ? "Reactivate" : "Deactivate"}
          </GuardedButton>
          <GuardedButton variant="default" reason={reasonOf(member.may.remove) ?? scope} onClick={() => setRemoving(true)}>
            Remove from {account.name}
          </GuardedButton>
        </div>
        <p className={styles["under"]} style={{ whiteSpace: "normal" }}>
          {off
            ? "Reactivating gives back every role and team; keys that were theirs work again."
            : `Deactivating ends their sessions${member.keys === 0 ? "" : ` and stops ${plural(member.keys, "key")}`} at once, and keeps their roles for when they return.`}
        </p>
        {problem !== null && <Refusal error={problem} />}
      </section>
      {removing && (
        <RemoveMemberDialog
          member={member}
          onClose={() => setRemoving(false)}
          onRemoved={() => {
            void refresh();
            onGone();
          }}
        />
      )}
    </div>
  );
}
