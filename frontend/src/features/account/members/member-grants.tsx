import { Select } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { GuardedButton } from "@/components/ui/guarded-button";
import { GuardedIcon } from "@/components/ui/guarded-icon";
import { Refusal } from "@/components/ui/refusal";
import { workspaceChoicesQuery } from "@/features/account/api/account";
import { changeGrant, grantRole, takeGrant } from "@/features/account/api/grants";
import { grantsByWorkspace, roleChoice, roleKey } from "@/features/account/model";
import { RoleSelect } from "@/features/account/ui/role-select";
import { useAccount, useAccountDenial } from "@/lib/account";
import type { AccountMember, MemberGrant } from "@/schema/wire/account";

import styles from "../ui/account.module.css";

interface MemberGrantsProps {
  readonly member: AccountMember;
  readonly onChanged: () => Promise<unknown>;
}

/** Where the member has which role, of their own or by a team, and a place to give another. */
export function MemberGrants({ member, onChanged }: MemberGrantsProps) {
  const denial = useAccountDenial("members:manage");
  const places = grantsByWorkspace(member.workspaces);
  return (
    <section className={styles["section"]} aria-label="Workspaces">
      <h3 className={styles["sectionTitle"]}>Workspaces</h3>
      {member.account_role === "OWNER" && <p className={styles["under"]} style={{ whiteSpace: "normal" }}>An owner of the account is owner in each of its workspaces.</p>}
      {places.length > 0 && (
        <ul className={styles["lines"]}>
          {places.flatMap((grants) => grants.map((grant) => <GrantLine key={`${grant.id} ${grant.via?.id ?? ""}`} member={member} grant={grant} denial={denial} onChanged={onChanged} />))}
        </ul>
      )}
      {places.length === 0 && member.account_role !== "OWNER" && <p className="muted" style={{ margin: 0 }}>In no workspace yet.</p>}
      {denial === null && member.deactivated_at === null && <AddGrant member={member} onChanged={onChanged} />}
    </section>
  );
}

interface GrantLineProps extends MemberGrantsProps {
  readonly grant: MemberGrant;
  readonly denial: string | null;
}

function GrantLine({ member, grant, denial, onChanged }: GrantLineProps) {
  const { id: account } = useAccount();
  const own = grant.assignment_id;
  const change = useMutation({ mutationFn: (key: string) => changeGrant(grant.slug, own ?? "", roleChoice(key)), onSuccess: onChanged });
  const take = useMutation({ mutationFn: () => takeGrant(grant.slug, own ?? ""), onSuccess: onChanged });
  const problem = change.error ?? take.error;
  return (
    <li className={styles["line"]} aria-label={grant.name}>
      <span className={styles["grow"]}>
        {grant.name}
        {grant.via !== null && <span className={styles["under"]}>by the team {grant.via.name}</span>}
        {problem !== null && <Refusal error={problem} />}
      </span>
      {own === null ? (
        <span className="muted">{grant.role_name}</span>
      ) : (
        <>
          <RoleSelect account={account} quiet label={`Role in ${grant.name}`} width={150} reason={denial} name={grant.role_name} value={change.isPending ? change.variables : roleKey(grant)} onChange={(key) => change.mutate(key)} />
          <GuardedIcon icon="trash" label="Take the role away" name={`Take the role of ${member.user.email} in ${grant.name} away`} reason={denial} onClick={() => take.mutate()} />
        </>
      )}
    </li>
  );
}

function AddGrant({ member, onChanged }: MemberGrantsProps) {
  const { id: account } = useAccount();
  const workspaces = useQuery(workspaceChoicesQuery(account));
  const [workspace, setWorkspace] = useState<string | null>(null);
  const [role, setRole] = useState("VIEWER");
  const taken = new Set(member.workspaces.filter((grant) => grant.assignment_id !== null).map((grant) => grant.slug));
  const free = (workspaces.data?.items ?? []).filter((each) => !taken.has(each.slug));
  const give = useMutation({
    mutationFn: (slug: string) => grantRole(slug, "member", member.id, roleChoice(role)),
    onSuccess: () => {
      setWorkspace(null);
      return onChanged();
    },
  });
  if (workspaces.isSuccess && free.length === 0) return null;
  return (
    <>
      <div className={styles["row"]}>
        <div className={styles["grow"]}>
          <Select label="Another workspace" placeholder="Choose" searchable clearable data={free.map((each) => ({ value: each.slug, label: each.name }))} value={workspace} onChange={setWorkspace} />
        </div>
        <RoleSelect account={account} label="Role" width={150} value={role} onChange={setRole} />
        <GuardedButton
          variant="default"
          reason={workspace === null ? "Choose a workspace first." : null}
          loading={give.isPending}
          onClick={() => {
            if (workspace !== null) give.mutate(workspace);
          }}
        >
          Give role
        </GuardedButton>
      </div>
      {give.error !== null && <Refusal error={give.error} />}
    </>
  );
}
