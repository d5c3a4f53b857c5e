import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";

import { EmptyState } from "@/components/ui/empty-state";
import { EndlessTable } from "@/components/ui/endless-table";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { ListStates } from "@/components/ui/list-states";
import { PageHeader } from "@/components/ui/page-header";
import { usePages } from "@/components/ui/use-pages";
import { paths } from "@/config/paths";
import { membersQuery } from "@/features/account/api/members";
import { MemberDrawer } from "@/features/account/members/member-drawer";
import { MemberFilters } from "@/features/account/members/member-filters";
import { memberColumns } from "@/features/account/members/member-columns";
import { MembersAnswer } from "@/features/account/members/members-answer";
import { isFilteredMembers, type MembersSearch } from "@/features/account/search";
import { useAccount, useAccountDenial } from "@/lib/account";
import { formatCount, plural } from "@/lib/units";

interface MembersPageProps {
  readonly search: MembersSearch;
  readonly onChange: (change: Partial<MembersSearch>) => void;
}

/** Who is in the account, and what may they do? */
export function MembersPage({ search, onChange }: MembersPageProps) {
  const account = useAccount();
  const navigate = useNavigate();
  const denial = useAccountDenial("members:manage");
  const members = useInfiniteQuery(membersQuery(account.id, search));
  const { rows, first, more } = usePages(members);
  const filtered = isFilteredMembers(search);

  return (
    <>
      <PageHeader title="Members" answer={<MembersAnswer />}>
        <GuardedButton
          reason={denial}
          leftSection={<Icon name="plus" size={13} />}
          onClick={() => void navigate({ to: paths.invitations, params: { account: account.id }, search: { invite: "new" } })}
        >
          Invite people
        </GuardedButton>
      </PageHeader>
      <MemberFilters search={search} onChange={onChange} />
      <ListStates
        query={members}
        what="members"
        count={rows.length}
        rows={14}
        empty={
          <EmptyState icon="users" title={filtered ? "Nobody fits these filters" : "Nobody is here yet"}>
            {filtered ? (
              "Take a filter away to see more."
            ) : (
              <Link to={paths.invitations} params={{ account: account.id }} search={{ invite: "new" }} className="link">
                Invite the first ones
              </Link>
            )}
          </EmptyState>
        }
      >
        <EndlessTable
          label="Members"
          columns={memberColumns(account.id, search)}
          rows={rows}
          rowKey={(row) => row.id}
          hasMore={members.hasNextPage}
          onMore={more}
          stale={members.isPlaceholderData}
          onOpen={(row) => onChange({ member: row.id })}
          isOpen={(row) => row.id === search.member}
          isOff={(row) => row.deactivated_at !== null}
          end={first?.total === undefined ? plural(rows.length, "member") : `${formatCount(first.total)} ${first.total === 1 ? "member" : "members"}${filtered ? " fit" : ""}`}
        />
      </ListStates>
      {search.member !== undefined && (
        <MemberDrawer key={search.member} id={search.member} known={rows.find((row) => row.id === search.member)} onClose={() => onChange({ member: undefined })} />
      )}
    </>
  );
}
