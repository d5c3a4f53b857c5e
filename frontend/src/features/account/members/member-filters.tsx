import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { FacetMenu } from "@/components/ui/facet-menu";
import { SearchInput } from "@/components/ui/search-input";
import { workspaceChoicesQuery } from "@/features/account/api/account";
import { teamChoicesQuery } from "@/features/account/api/teams";
import { titled } from "@/features/account/model";
import { isFilteredMembers, UNSEEN_DAYS, type MembersSearch } from "@/features/account/search";
import { useAccount } from "@/lib/account";
import { oneOf } from "@/lib/search-params";
import { ACCOUNT_ROLES } from "@/schema/wire/account";

import styles from "../ui/account.module.css";

interface MemberFiltersProps {
  readonly search: MembersSearch;
  readonly onChange: (change: Partial<MembersSearch>) => void;
}

const ROLES = ACCOUNT_ROLES.map((role) => ({ value: role, label: titled(role) }));
const STATES = [
  { value: "active", label: "Active" },
  { value: "deactivated", label: "Deactivated" },
];
const MFA = [
  { value: "false", label: "Without a second factor" },
  { value: "true", label: "With a second factor" },
];
const UNSEEN = UNSEEN_DAYS.map((days) => ({ value: days, label: `Not seen for ${days} days` }));
const NOTHING = { q: undefined, role: undefined, team: undefined, workspace: undefined, state: undefined, mfa: undefined, unseen: undefined } as const;

export function MemberFilters({ search, onChange }: MemberFiltersProps) {
  const { id: account } = useAccount();
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const open = (facet: string) => setOpened(new Set([...opened, facet]));
  const teams = useQuery({ ...teamChoicesQuery(account), enabled: opened.has("team") || search.team !== undefined });
  const workspaces = useQuery({ ...workspaceChoicesQuery(account), enabled: opened.has("workspace") || search.workspace !== undefined });
  const chosen = (value: string | undefined) => (value === undefined ? [] : [value]);

  return (
    <div className={styles["filters"]} role="search" aria-label="Filter members">
      <SearchInput value={search.q ?? ""} label="Search members" onChange={(q) => onChange({ q: q === "" ? undefined : q })} />
      <FacetMenu label="Role" options={ROLES} selected={chosen(search.role)} onChange={([role]) => onChange({ role: oneOf(role, ACCOUNT_ROLES) })} />
      <FacetMenu
        label="Team"
        options={teams.data?.items.map((team) => ({ value: team.id, label: team.name })) ?? null}
        error={teams.error?.message ?? null}
        selected={chosen(search.team)}
        onChange={([team]) => onChange({ team })}
        onOpen={() => open("team")}
      />
      <FacetMenu
        label="Workspace"
        options={workspaces.data?.items.map((workspace) => ({ value: workspace.slug, label: workspace.name })) ?? null}
        error={workspaces.error?.message ?? null}
        selected={chosen(search.workspace)}
        onChange={([workspace]) => onChange({ workspace })}
        onOpen={() => open("workspace")}
      />
      <FacetMenu label="State" options={STATES} selected={chosen(search.state)} onChange={([state]) => onChange({ state: oneOf(state, ["active", "deactivated"]) })} />
      <FacetMenu label="Second factor" options={MFA} selected={chosen(search.mfa)} onChange={([mfa]) => onChange({ mfa: oneOf(mfa, ["true", "false"]) })} />
      <FacetMenu label="Last seen" options={UNSEEN} selected={chosen(search.unseen)} onChange={([days]) => onChange({ unseen: oneOf(days, UNSEEN_DAYS) })} />
      {isFilteredMembers(search) && (
        <Button variant="subtle" color="gray" onClick={() => onChange(NOTHING)}>
          Clear filters
        </Button>
      )}
    </div>
  );
}
