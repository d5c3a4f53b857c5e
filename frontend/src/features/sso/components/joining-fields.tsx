import { ActionIcon, Button, Select, Switch, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { Icon } from "@/components/ui/icon";
import { workspaceNamesQuery } from "@/features/sso/api/sso";
import type { Draft } from "@/features/sso/model";
import { GRANTED_ROLES, JOINING_ROLES } from "@/schema/wire/sso";

import styles from "./sso.module.css";

interface JoiningFieldsProps {
  readonly account: string;
  readonly draft: Draft;
  readonly onChange: (change: Partial<Draft>) => void;
}

function titled(role: string): string {
  return role.charAt(0) + role.slice(1).toLowerCase();
}

/** What becomes of people who come for the first time, and of their groups at each sign-in. */
export function JoiningFields({ account, draft, onChange }: JoiningFieldsProps) {
  const workspaces = useQuery(workspaceNamesQuery(account));
  const all = workspaces.data ?? [];
  const free = all.filter((each) => !draft.grants.some((grant) => grant.workspace === each.id));
  const [next] = free;
  return (
    <fieldset className={styles["section"]} style={{ border: 0, margin: 0, padding: 0 }}>
      <legend style={{ fontWeight: 600, padding: 0, marginBottom: 8 }}>People</legend>
      <Switch
        label="New people join by themselves"
        description="Off: only members and invited people can sign in"
        checked={draft.joins}
        onChange={(event) => onChange({ joins: event.currentTarget.checked })}
      />
      {draft.joins && (
        <>
          <Select
            label="Their role in the account"
            allowDeselect={false}
            data={JOINING_ROLES.map((role) => ({ value: role, label: titled(role) }))}
            value={draft.role}
            onChange={(role) => onChange({ role: JOINING_ROLES.find((each) => each === role) ?? "MEMBER" })}
          />
          {draft.grants.map((grant, index) => (
            <div key={grant.workspace} className={styles["row"]}>
              <Select
                className={styles["grow"] ?? ""}
                aria-label={`Workspace ${index + 1}`}
                allowDeselect={false}
                data={all.filter((each) => each.id === grant.workspace || free.includes(each)).map((each) => ({ value: each.id, label: each.name }))}
                value={grant.workspace}
                onChange={(workspace) => {
                  if (workspace !== null) onChange({ grants: draft.grants.map((row, at) => (at === index ? { ...row, workspace } : row)) });
                }}
              />
              <Select
                w={150}
                aria-label={`Role in workspace ${index + 1}`}
                allowDeselect={false}
                data={GRANTED_ROLES.map((role) => ({ value: role, label: titled(role) }))}
                value={grant.role}
                onChange={(role) => {
                  if (role !== null) onChange({ grants: draft.grants.map((row, at) => (at === index ? { ...row, role } : row)) });
                }}
              />
              <ActionIcon aria-label={`Leave workspace ${index + 1} out`} onClick={() => onChange({ grants: draft.grants.filter((_, at) => at !== index) })}>
                <Icon name="trash" size={14} />
              </ActionIcon>
            </div>
          ))}
          <Button
            variant="default"
            w="fit-content"
            leftSection={<Icon name="plus" size={13} />}
            disabled={next === undefined}
            onClick={() => {
              if (next !== undefined) onChange({ grants: [...draft.grants, { workspace: next.id, role: "VIEWER" }] });
            }}
          >
            Add a workspace
          </Button>
        </>
      )}
      <span style={{ fontWeight: 500, marginTop: 4 }}>Groups to teams</span>
      <p className={styles["note"]}>At each sign-in somebody joins the teams of their groups and leaves the other teams named here. Teams that are not named are left alone.</p>
      {draft.groups.map((row, index) => (
        <div key={index} className={styles["row"]}>
          <TextInput
            className={styles["grow"] ?? ""}
            aria-label={`Group ${index + 1}`}
            placeholder="group at the provider"
            value={row.group}
            onChange={(event) => onChange({ groups: draft.groups.map((each, at) => (at === index ? { ...each, group: event.currentTarget.value } : each)) })}
          />
          <TextInput
            className={styles["grow"] ?? ""}
            aria-label={`Team ${index + 1}`}
            placeholder="team here"
            value={row.team}
            onChange={(event) => onChange({ groups: draft.groups.map((each, at) => (at === index ? { ...each, team: event.currentTarget.value } : each)) })}
          />
          <ActionIcon aria-label={`Take mapping ${index + 1} out`} onClick={() => onChange({ groups: draft.groups.filter((_, at) => at !== index) })}>
            <Icon name="trash" size={14} />
          </ActionIcon>
        </div>
      ))}
      <Button variant="default" w="fit-content" leftSection={<Icon name="plus" size={13} />} onClick={() => onChange({ groups: [...draft.groups, { group: "", team: "" }] })}>
        Map a group
      </Button>
    </fieldset>
  );
}
