import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { EmptyState } from "@/components/ui/empty-state";
import { EndlessTable, type Column } from "@/components/ui/endless-table";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { ListStates } from "@/components/ui/list-states";
import { PageHeader } from "@/components/ui/page-header";
import { RelativeTime } from "@/components/ui/relative-time";
import { SearchInput } from "@/components/ui/search-input";
import { usePages } from "@/components/ui/use-pages";
import { paths } from "@/config/paths";
import { teamsQuery } from "@/features/account/api/teams";
import type { NameSearch } from "@/features/account/search";
import { TeamDialog } from "@/features/account/teams/team-dialog";
import { useAccount, useAccountDenial } from "@/lib/account";
import { formatCount, plural } from "@/lib/units";
import type { Team } from "@/schema/wire/account";

import styles from "../ui/account.module.css";

interface TeamsPageProps {
  readonly search: NameSearch;
  readonly onChange: (search: NameSearch) => void;
}

/** Which groups are there, and what do they give? */
export function TeamsPage({ search, onChange }: TeamsPageProps) {
  const account = useAccount();
  const navigate = useNavigate();
  const denial = useAccountDenial("teams:manage");
  const teams = useInfiniteQuery(teamsQuery(account.id, search.q));
  const { rows, more } = usePages(teams);
  const [creating, setCreating] = useState(false);
  const create = (
    <GuardedButton reason={denial} leftSection={<Icon name="plus" size={13} />} onClick={() => setCreating(true)}>
      Create team
    </GuardedButton>
  );
  const open = (team: string) => void navigate({ to: paths.team, params: { account: account.id, team } });
  return (
    <>
      <PageHeader title="Teams" answer="Give a role to a team once, and who joins has it.">
        {create}
      </PageHeader>
      <div className={styles["filters"]} role="search" aria-label="Filter teams">
        <SearchInput value={search.q ?? ""} label="Search teams" onChange={(q) => onChange({ q: q === "" ? undefined : q })} />
      </div>
      <ListStates
        query={teams}
        what="teams"
        count={rows.length}
        rows={5}
        empty={
          <EmptyState icon="layers" title={search.q === undefined ? "No teams yet" : "No team is called that"} action={search.q === undefined ? create : undefined}>
            Make one per group of people that needs the same: data-eng, analysts, on-call. Single sign-on can fill them by itself.
          </EmptyState>
        }
      >
        <EndlessTable
          label="Teams"
          columns={columnsFor(account.id)}
          rows={rows}
          rowKey={(row) => row.id}
          hasMore={teams.hasNextPage}
          onMore={more}
          stale={teams.isPlaceholderData}
          onOpen={(row) => open(row.id)}
          end={plural(rows.length, "team")}
        />
      </ListStates>
      {creating && <TeamDialog team={null} onClose={() => setCreating(false)} onDone={(team) => open(team.id)} />}
    </>
  );
}

function columnsFor(account: string): readonly Column<Team>[] {
  return [
    {
      key: "name",
      label: "Team",
      width: "minmax(180px, 1.4fr)",
      cell: (team) => (
        <>
          <Link to={paths.team} params={{ account, team: team.id }} className={styles["name"]}>
            {team.name}
          </Link>
          {team.description !== "" && <span className={styles["under"]}>{team.description}</span>}
        </>
      ),
    },
    {
      key: "members",
      label: "Members",
      width: "80px",
      align: "right",
      cell: (team) => (
        <Link to={paths.members} params={{ account }} search={{ team: team.id }} className="link">
          {formatCount(team.members)}
        </Link>
      ),
    },
    {
      key: "workspaces",
      label: "Roles",
      width: "minmax(180px, 1.6fr)",
      cell: (team) => (team.workspaces.length === 0 ? <span className="muted">none</span> : team.workspaces.map((grant) => `${grant.name}: ${grant.role_name}`).join(", ")),
    },
    { key: "source", label: "Kept by", width: "minmax(100px, 0.6fr)", from: "wide", cell: (team) => (team.provided ? "the provider (SCIM)" : "hand") },
    { key: "created", label: "Created", width: "84px", align: "right", from: "wide", cell: (team) => <RelativeTime at={team.created_at} /> },
  ];
}
