import { Skeleton } from "@mantine/core";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { CopyId } from "@/components/ui/copy-id";
import { EmptyState } from "@/components/ui/empty-state";
import { EndlessTable, type Column } from "@/components/ui/endless-table";
import { ErrorState } from "@/components/ui/error-state";
import { Facts } from "@/components/ui/facts";
import { GuardedButton } from "@/components/ui/guarded-button";
import { GuardedIcon } from "@/components/ui/guarded-icon";
import { Icon } from "@/components/ui/icon";
import { ListStates } from "@/components/ui/list-states";
import { PageHeader } from "@/components/ui/page-header";
import { Refusal } from "@/components/ui/refusal";
import { RelativeTime } from "@/components/ui/relative-time";
import { usePages } from "@/components/ui/use-pages";
import { paths } from "@/config/paths";
import { accountKeys } from "@/features/account/api/keys";
import { deleteTeam, joinTeam, leaveTeam, teamMembersQuery, teamQuery } from "@/features/account/api/teams";
import { personName, titled } from "@/features/account/model";
import { TeamDialog } from "@/features/account/teams/team-dialog";
import { GrantsPanel } from "@/features/account/ui/grants-panel";
import { SubjectSelect } from "@/features/account/ui/subject-select";
import { useAccount, useAccountDenial } from "@/lib/account";
import { formatDay } from "@/lib/time";
import { plural } from "@/lib/units";
import type { Team, TeamMember } from "@/schema/wire/account";

import styles from "../ui/account.module.css";

interface TeamPageProps {
  readonly id: string;
  readonly onDeleted: () => void;
}

/** Who is in the team, and what does it give them? */
export function TeamPage({ id, onDeleted }: TeamPageProps) {
  const account = useAccount();
  const team = useQuery(teamQuery(account.id, id));
  if (team.isPending) return <Skeleton height={240} role="status" aria-label="Loading the team" />;
  if (team.isError) return <ErrorState error={team.error} what="team" onRetry={() => void team.refetch()} />;
  return <TeamBody team={team.data} onDeleted={onDeleted} />;
}

function TeamBody({ team, onDeleted }: { readonly team: Team; readonly onDeleted: () => void }) {
  const account = useAccount();
  const client = useQueryClient();
  const scope = useAccountDenial("teams:manage");
  const grantScope = useAccountDenial("members:manage");
  const [editing, setEditing] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const refresh = () => client.invalidateQueries({ queryKey: accountKeys.all(account.id) });
  const remove = useMutation({
    mutationFn: () => deleteTeam(account.id, team.id),
    onSuccess: async () => {
      onDeleted();
      await refresh();
    },
  });
  const provided = team.provided ? "Your identity provider keeps this team by SCIM: its name and members are changed there." : null;
  return (
    <>
      <p style={{ margin: "0 0 4px", fontSize: 13 }}>
        <Link to={paths.teams} params={{ account: account.id }} className="link">
          Teams
        </Link>
      </p>
      <PageHeader
        title={team.name}
        answer={
          <>
            <Link to={paths.members} params={{ account: account.id }} search={{ team: team.id }} className="link">
              {plural(team.members, "member")}
            </Link>
            {team.description !== "" && ` · ${team.description}`}
          </>
        }
      >
        <GuardedButton variant="default" reason={scope} leftSection={<Icon name="edit" size={13} />} onClick={() => setEditing(true)}>
          Change
        </GuardedButton>
        <GuardedButton variant="default" reason={scope ?? (team.provided ? "Your identity provider keeps this team: delete its group there." : null)} leftSection={<Icon name="trash" size={13} />} onClick={() => setDeleting(true)}>
          Delete
        </GuardedButton>
      </PageHeader>
      <div className={styles["stack"]}>
        {provided !== null && (
          <p className={styles["note"]} role="note">
            {provided} What the team may do is decided here.
          </p>
        )}
        <Facts
          facts={[
            { term: "Kept by", value: team.provided ? "the identity provider (SCIM)" : "hand" },
            { term: "Created", value: formatDay(team.created_at) },
            { term: "Id", value: <CopyId id={team.id} label="team id" /> },
          ]}
        />
        <GrantsPanel kind="team" id={team.id} name={team.name} grants={team.workspaces} denial={grantScope} onChanged={refresh} />
        <Members team={team} denial={scope ?? provided} onChanged={refresh} />
      </div>
      {editing && (
        <TeamDialog
          team={team}
          onClose={() => setEditing(false)}
          onDone={() => setEditing(false)}
        />
      )}
      <ConfirmDialog
        opened={deleting}
        title={`Delete ${team.name}`}
        verb="Delete team"
        danger
        typeName={team.name}
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate()}
        onClose={() => setDeleting(false)}
      >
        {plural(team.members, "member")} {team.members === 1 ? "loses" : "lose"} what it gave them{team.workspaces.length > 0 && `: roles in ${plural(team.workspaces.length, "workspace")}`}. Rules that name it go too.
      </ConfirmDialog>
    </>
  );
}

interface MembersProps {
  readonly team: Team;
  readonly denial: string | null;
  readonly onChanged: () => Promise<unknown>;
}

function Members({ team, denial, onChanged }: MembersProps) {
  const account = useAccount();
  const members = useInfiniteQuery(teamMembersQuery(account.id, team.id));
  const { rows, more } = usePages(members);
  const [chosen, setChosen] = useState<string | null>(null);
  const join = useMutation({
    mutationFn: (id: string) => joinTeam(account.id, team.id, id),
    onSuccess: () => {
      setChosen(null);
      return onChanged();
    },
  });
  const leave = useMutation({ mutationFn: (id: string) => leaveTeam(account.id, team.id, id), onSuccess: onChanged });
  const problem = join.error ?? leave.error;
  return (
    <section aria-label="Members" className={styles["section"]}>
      <h2 className={styles["sectionTitle"]}>Members</h2>
      {denial === null ? (
        <div className={styles["row"]} style={{ maxWidth: 520 }}>
          <div className={styles["grow"]}>
            <SubjectSelect account={account.id} kind="member" label="Add somebody" value={chosen} onChange={setChosen} without={new Set(rows.map((row) => row.id))} />
          </div>
          <GuardedButton
            variant="default"
            reason={chosen === null ? "Choose somebody first." : null}
            loading={join.isPending}
            onClick={() => {
              if (chosen !== null) join.mutate(chosen);
            }}
          >
            Add to team
          </GuardedButton>
        </div>
      ) : (
        !team.provided && <p className={styles["under"]}>{denial}</p>
      )}
      {problem !== null && <Refusal error={problem} />}
      <ListStates
        query={members}
        what="members"
        count={rows.length}
        rows={4}
        empty={
          <EmptyState icon="users" title="Nobody is in it yet">
            {team.provided ? "Assign people to its group at the provider." : denial === null ? "Add somebody above, or let single sign-on fill it from a group." : "Somebody who manages teams puts people in, or single sign-on fills it from a group."}
          </EmptyState>
        }
      >
        <EndlessTable
          label={`Members of ${team.name}`}
          columns={columnsFor(account.id, denial, (row) => leave.mutate(row.id))}
          rows={rows}
          rowKey={(row) => row.id}
          hasMore={members.hasNextPage}
          onMore={more}
          isOff={(row) => row.deactivated_at !== null}
          end={plural(team.members, "member")}
        />
      </ListStates>
    </section>
  );
}

function columnsFor(account: string, denial: string | null, onLeave: (member: TeamMember) => void): readonly Column<TeamMember>[] {
  return [
    {
      key: "member",
      label: "Member",
      width: "minmax(180px, 2fr)",
      cell: (row) => (
        <>
          <Link to={paths.members} params={{ account }} search={{ member: row.id }} className={styles["name"]}>
            {personName(row.user)}
          </Link>
          {row.user.name !== "" && <span className={styles["under"]}>{row.user.email}</span>}
        </>
      ),
    },
    {
      key: "role",
      label: "Account role",
      width: "minmax(100px, 1fr)",
      cell: (row) => (
        <>
          {titled(row.account_role)}
          {row.deactivated_at !== null && <span className={styles["under"]}>deactivated</span>}
        </>
      ),
    },
    { key: "joined", label: "Joined", width: "84px", align: "right", cell: (row) => <RelativeTime at={row.joined_at} /> },
    {
      key: "actions",
      label: "Actions",
      quiet: true,
      width: "40px",
      cell: (row) => <GuardedIcon icon="trash" label="Take out of the team" name={`Take ${row.user.email} out of the team`} reason={denial} onClick={() => onLeave(row)} />,
    },
  ];
}
