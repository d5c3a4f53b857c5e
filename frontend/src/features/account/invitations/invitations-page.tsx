import { notifications } from "@mantine/notifications";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { EmptyState } from "@/components/ui/empty-state";
import { EndlessTable } from "@/components/ui/endless-table";
import { FacetMenu } from "@/components/ui/facet-menu";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { ListStates } from "@/components/ui/list-states";
import { PageHeader } from "@/components/ui/page-header";
import { SearchInput } from "@/components/ui/search-input";
import { usePages } from "@/components/ui/use-pages";
import { paths } from "@/config/paths";
import { accountQuery } from "@/features/account/api/account";
import { accountKeys } from "@/features/account/api/keys";
import { invitationsQuery, resendInvitation, revokeInvitation } from "@/features/account/api/invitations";
import { invitationColumns } from "@/features/account/invitations/invitation-columns";
import { InviteDialog } from "@/features/account/invitations/invite-dialog";
import { INVITATION_WORDS, seatsSentence } from "@/features/account/model";
import { INVITATION_STATES, type InvitationsSearch } from "@/features/account/search";
import { useAccount, useAccountDenial } from "@/lib/account";
import { asApiError } from "@/lib/errors";
import { oneOf } from "@/lib/search-params";
import { plural } from "@/lib/units";
import type { Invitation } from "@/schema/wire/account";

import styles from "../ui/account.module.css";

interface InvitationsPageProps {
  readonly search: InvitationsSearch;
  readonly onChange: (change: Partial<InvitationsSearch>) => void;
}

const STATES = [...INVITATION_STATES.map((state) => ({ value: state, label: INVITATION_WORDS[state].word })), { value: "all", label: "All" }];

/** Who was asked in, and has not come yet? */
export function InvitationsPage({ search, onChange }: InvitationsPageProps) {
  const account = useAccount();
  const client = useQueryClient();
  const denial = useAccountDenial("members:manage");
  const detail = useQuery(accountQuery(account.id));
  const closed = useAccountDenial("members:manage", true);
  const invitations = useInfiniteQuery({ ...invitationsQuery(account.id, search), enabled: closed === null });
  const { rows, more } = usePages(invitations);
  const [revoking, setRevoking] = useState<Invitation | null>(null);
  const refresh = () => client.invalidateQueries({ queryKey: accountKeys.all(account.id) });
  const resend = useMutation({
    mutationFn: (invitation: Invitation) => resendInvitation(account.id, invitation.id),
    onSuccess: (_, { email }) => {
      notifications.show({ message: `Sent to ${email} again, with a new link` });
      return refresh();
    },
    onError: (error) => notifications.show({ color: "red", message: asApiError(error).message }),
  });
  const revoke = useMutation({
    mutationFn: (id: string) => revokeInvitation(account.id, id),
    onSuccess: () => {
      setRevoking(null);
      return refresh();
    },
  });
  const state = search.state ?? "OPEN";
  const open = detail.data?.counts.invitations;
  const seats = detail.data === undefined ? null : seatsSentence(detail.data);
  const inviteButton = (
    <GuardedButton reason={denial} leftSection={<Icon name="plus" size={13} />} onClick={() => onChange({ invite: "new" })}>
      Invite people
    </GuardedButton>
  );

  const list = (
    <>
      <div className={styles["filters"]} role="search" aria-label="Filter invitations">
        <SearchInput value={search.q ?? ""} label="Search addresses" onChange={(q) => onChange({ q: q === "" ? undefined : q })} />
        <FacetMenu
          label="State"
          options={STATES}
          selected={[state]}
          onChange={([next]) => onChange({ state: next === "OPEN" ? undefined : oneOf(next, [...INVITATION_STATES, "all"]) })}
        />
      </div>
      <ListStates
        query={invitations}
        what="invitations"
        count={rows.length}
        empty={
          <EmptyState icon="mail" title={state === "OPEN" && search.q === undefined ? "No open invitations" : "No invitation fits these filters"} action={inviteButton}>
            An invitation names an address, the roles and the teams that wait there, and ends by itself after a while.
          </EmptyState>
        }
      >
        <EndlessTable
          label="Invitations"
          columns={invitationColumns({ denial, sending: resend.isPending ? resend.variables.id : null, onResend: (row) => resend.mutate(row), onRevoke: setRevoking })}
          rows={rows}
          rowKey={(row) => row.id}
          hasMore={invitations.hasNextPage}
          onMore={more}
          stale={invitations.isPlaceholderData}
          isOff={(row) => row.state === "REVOKED" || row.state === "EXPIRED"}
          end={plural(rows.length, "invitation")}
        />
      </ListStates>
    </>
  );

  return (
    <>
      <PageHeader
        title="Invitations"
        answer={
          open !== undefined && (
            <>
              <Link to={paths.invitations} params={{ account: account.id }} className="link">
                {open === 0 ? "Nobody" : plural(open, "person", "people")}
              </Link>{" "}
              {open === 1 ? "has" : open === 0 ? "is asked and" : "have"} yet to accept{seats === null ? "." : ` · ${seats.text}`}
            </>
          )
        }
      >
        {inviteButton}
      </PageHeader>
      {closed === null ? (
        list
      ) : (
        <EmptyState icon="mail" title="Invitations are not shown to you">
          {closed}
        </EmptyState>
      )}
      {search.invite === "new" && denial === null && <InviteDialog onClose={() => onChange({ invite: undefined })} onSent={refresh} />}
      <ConfirmDialog
        opened={revoking !== null}
        title={`Take back the invitation of ${revoking?.email ?? ""}`}
        verb="Revoke invitation"
        danger
        busy={revoke.isPending}
        error={revoke.error}
        onConfirm={() => {
          if (revoking !== null) revoke.mutate(revoking.id);
        }}
        onClose={() => {
          revoke.reset();
          setRevoking(null);
        }}
      >
        The link in the mail stops working. The address can be invited again at any time.
      </ConfirmDialog>
    </>
  );
}
