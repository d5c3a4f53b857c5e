import { Select } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { GuardedButton } from "@/components/ui/guarded-button";
import { GuardedIcon } from "@/components/ui/guarded-icon";
import { Panel } from "@/components/ui/panel";
import { Refusal } from "@/components/ui/refusal";
import { paths } from "@/config/paths";
import { workspaceChoicesQuery } from "@/features/account/api/account";
import { changeGrant, grantRole, takeGrant } from "@/features/account/api/grants";
import { roleChoice, roleKey } from "@/features/account/model";
import { RoleSelect } from "@/features/account/ui/role-select";
import { useAccount } from "@/lib/account";
import { formatCount } from "@/lib/units";
import type { SubjectKind, WorkspaceGrant } from "@/schema/wire/account";

import styles from "./account.module.css";

interface GrantsPanelProps {
  readonly kind: SubjectKind;
  readonly id: string;
  readonly name: string;
  readonly grants: readonly WorkspaceGrant[];
  readonly denial: string | null;
  readonly onChanged: () => Promise<unknown>;
}

/** Where a team or a service account has which role; changed, taken and given in place. */
export function GrantsPanel({ kind, id, name, grants, denial, onChanged }: GrantsPanelProps) {
  return (
    <Panel title="Roles in workspaces" aside={grants.length === 0 ? undefined : formatCount(grants.length)} flush>
      {grants.length === 0 && (
        <p className="muted" style={{ margin: 0, padding: 12 }}>
          {name} has no role yet and may do nothing.
        </p>
      )}
      {grants.map((grant) => (
        <Line key={grant.id} grant={grant} name={name} denial={denial} onChanged={onChanged} />
      ))}
      <Give kind={kind} id={id} grants={grants} denial={denial} onChanged={onChanged} />
    </Panel>
  );
}

interface LineProps extends Pick<GrantsPanelProps, "name" | "denial" | "onChanged"> {
  readonly grant: WorkspaceGrant;
}

function Line({ grant, name, denial, onChanged }: LineProps) {
  const { id: account } = useAccount();
  const own = grant.assignment_id;
  const change = useMutation({ mutationFn: (key: string) => changeGrant(grant.slug, own, roleChoice(key)), onSuccess: onChanged });
  const take = useMutation({ mutationFn: () => takeGrant(grant.slug, own), onSuccess: onChanged });
  const problem = change.error ?? take.error;
  return (
    <div className={styles["line"]} style={{ borderBottom: "1px solid var(--line)" }} role="group" aria-label={grant.name}>
      <span className={styles["grow"]}>
        <Link to={paths.settings} params={{ workspace: grant.slug }} search={{ tab: "access" }} className={styles["name"]}>
          {grant.name}
        </Link>
        {problem !== null && <Refusal error={problem} />}
      </span>
      <RoleSelect account={account} quiet label={`Role in ${grant.name}`} width={160} reason={denial} name={grant.role_name} value={change.isPending ? change.variables : roleKey(grant)} onChange={(key) => change.mutate(key)} />
      <GuardedIcon icon="trash" label="Take the role away" name={`Take the role of ${name} in ${grant.name} away`} reason={denial} onClick={() => take.mutate()} />
    </div>
  );
}

function Give({ kind, id, grants, denial, onChanged }: Omit<GrantsPanelProps, "name">) {
  const { id: account } = useAccount();
  const workspaces = useQuery({ ...workspaceChoicesQuery(account), enabled: denial === null });
  const [workspace, setWorkspace] = useState<string | null>(null);
  const [role, setRole] = useState("VIEWER");
  const taken = new Set(grants.map((grant) => grant.id));
  const free = (workspaces.data?.items ?? []).filter((each) => !taken.has(each.id));
  const give = useMutation({
    mutationFn: (slug: string) => grantRole(slug, kind, id, roleChoice(role)),
    onSuccess: () => {
      setWorkspace(null);
      return onChanged();
    },
  });
  if (denial !== null || (workspaces.isSuccess && free.length === 0)) return null;
  return (
    <div style={{ padding: 12 }}>
      <div className={styles["row"]}>
        <div className={styles["grow"]}>
          <Select label="Another workspace" placeholder="Choose" searchable clearable data={free.map((each) => ({ value: each.slug, label: each.name }))} value={workspace} onChange={setWorkspace} />
        </div>
        <RoleSelect account={account} label="Role" width={160} value={role} onChange={setRole} />
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
    </div>
  );
}
