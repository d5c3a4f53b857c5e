import { ActionIcon, Autocomplete, Select, Switch } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { roleNamesQuery, teamNamesQuery, testQuery, workspaceNamesQuery } from "@/features/sso/api/sso";
import { Problem } from "@/features/sso/components/problem";
import { roleChoices, teamChoices, teamNamed, titled, type Draft } from "@/features/sso/model";
import { JOINING_ROLES } from "@/schema/wire/sso";

import styles from "./sso.module.css";

interface JoiningFieldsProps {
  readonly account: string;
  /** The connection as it is stored, whose last test knows groups; null while it is new. */
  readonly connection: string | null;
  readonly draft: Draft;
  readonly onChange: (change: Partial<Draft>) => void;
}

/** What becomes of people who come for the first time, and of their groups at each sign-in. */
export function JoiningFields({ account, connection, draft, onChange }: JoiningFieldsProps) {
  return (
    <fieldset className={styles["section"]} style={{ border: 0, margin: 0, padding: 0 }}>
      <legend style={{ fontWeight: 600, padding: 0, marginBottom: 8 }}>People</legend>
      <Switch
        label="New people join by themselves"
        description="Off: only members and invited people can sign in"
        checked={draft.joins}
        onChange={(event) => onChange({ joins: event.currentTarget.checked })}
      />
      {draft.joins && <Newcomers account={account} draft={draft} onChange={onChange} />}
      <Groups account={account} connection={connection} draft={draft} onChange={onChange} />
    </fieldset>
  );
}

type PartProps = Omit<JoiningFieldsProps, "connection">;

function Newcomers({ account, draft, onChange }: PartProps) {
  const workspaces = useQuery(workspaceNamesQuery(account));
  const roles = useQuery(roleNamesQuery(account));
  const all = workspaces.data ?? [];
  const free = all.filter((each) => !draft.grants.some((grant) => grant.workspace === each.id));
  const [next] = free;
  const put = (index: number, change: Partial<Draft["grants"][number]>) => onChange({ grants: draft.grants.map((row, at) => (at === index ? { ...row, ...change } : row)) });
  return (
    <>
      <Select
        label="Their role in the account"
        allowDeselect={false}
        data={JOINING_ROLES.map((role) => ({ value: role, label: titled(role) }))}
        value={draft.role}
        onChange={(role) => onChange({ role: JOINING_ROLES.find((each) => each === role) ?? "MEMBER" })}
      />
      <span style={{ fontWeight: 500 }}>Their roles in workspaces</span>
      {draft.grants.length === 0 && <p className={styles["note"]}>None: they see the account and no workspace until a team or somebody gives them a role.</p>}
      {draft.grants.map((grant, index) => (
        <div key={grant.workspace} className={styles["row"]}>
          <Select
            className={styles["grow"] ?? ""}
            aria-label={`Workspace ${index + 1}`}
            allowDeselect={false}
            searchable
            data={all.filter((each) => each.id === grant.workspace || free.includes(each)).map((each) => ({ value: each.id, label: each.name }))}
            value={grant.workspace}
            onChange={(workspace) => {
              if (workspace !== null) put(index, { workspace });
            }}
          />
          <Select
            w={150}
            aria-label={`Role in workspace ${index + 1}`}
            allowDeselect={false}
            data={roleChoices(roles.data ?? [], grant.role)}
            value={grant.role}
            onChange={(role) => {
              if (role !== null) put(index, { role });
            }}
          />
          <ActionIcon aria-label={`Leave workspace ${index + 1} out`} onClick={() => onChange({ grants: draft.grants.filter((_, at) => at !== index) })}>
            <Icon name="trash" size={14} />
          </ActionIcon>
        </div>
      ))}
      <GuardedButton
        variant="default"
        w="fit-content"
        leftSection={<Icon name="plus" size={13} />}
        reason={workspaces.isPending ? "The workspaces are being looked up." : next === undefined ? "Every workspace is named already." : null}
        onClick={() => {
          if (next !== undefined) onChange({ grants: [...draft.grants, { workspace: next.id, role: "VIEWER" }] });
        }}
      >
        Add a workspace
      </GuardedButton>
      {(workspaces.error ?? roles.error) !== null && <Problem error={workspaces.error ?? roles.error} />}
    </>
  );
}

function Groups({ account, connection, draft, onChange }: JoiningFieldsProps) {
  const teams = useQuery(teamNamesQuery(account));
  const test = useQuery({ ...testQuery(account, connection ?? ""), enabled: connection !== null });
  const seen = test.data?.result?.asserted?.groups ?? [];
  const all = teams.data ?? [];
  const put = (index: number, change: Partial<Draft["groups"][number]>) => onChange({ groups: draft.groups.map((row, at) => (at === index ? { ...row, ...change } : row)) });
  return (
    <>
      <span style={{ fontWeight: 500, marginTop: 4 }}>Groups to teams</span>
      <p className={styles["note"]}>At each sign-in somebody joins the teams of their groups and leaves the other teams named here. Teams that are not named are left alone.</p>
      {draft.groups.map((row, index) => (
        <div key={index} className={styles["row"]}>
          <Autocomplete
            className={styles["grow"] ?? ""}
            aria-label={`Group ${index + 1}`}
            placeholder="group at the provider"
            data={[...new Set(seen)]}
            value={row.group}
            onChange={(group) => put(index, { group })}
          />
          <Select
            className={styles["grow"] ?? ""}
            aria-label={`Team ${index + 1}`}
            placeholder="team here"
            searchable
            allowDeselect={false}
            nothingFoundMessage={teams.isPending ? "Looking" : "No such team."}
            data={teamChoices(all, row.team)}
            value={row.team === "" ? null : teamNamed(all, row.team)}
            onChange={(team) => {
              if (team !== null) put(index, { team });
            }}
          />
          <ActionIcon aria-label={`Take mapping ${index + 1} out`} onClick={() => onChange({ groups: draft.groups.filter((_, at) => at !== index) })}>
            <Icon name="trash" size={14} />
          </ActionIcon>
        </div>
      ))}
      <GuardedButton
        variant="default"
        w="fit-content"
        leftSection={<Icon name="plus" size={13} />}
        reason={teams.isSuccess && all.length === 0 ? "There is no team yet: create one on the page of teams first." : null}
        onClick={() => onChange({ groups: [...draft.groups, { group: "", team: "" }] })}
      >
        Map a group
      </GuardedButton>
      {teams.error !== null && <Problem error={teams.error} />}
    </>
  );
}
