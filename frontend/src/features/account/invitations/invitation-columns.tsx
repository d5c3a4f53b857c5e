import type { Column } from "@/components/ui/endless-table";
import { GuardedButton } from "@/components/ui/guarded-button";
import { RelativeTime } from "@/components/ui/relative-time";
import { INVITATION_WORDS, titled } from "@/features/account/model";
import { Badge } from "@/features/account/ui/badge";
import type { Invitation } from "@/schema/wire/account";

import styles from "../ui/account.module.css";

interface Actions {
  readonly denial: string | null;
  /** Of the one that is being sent. */
  readonly sending: string | null;
  readonly onResend: (invitation: Invitation) => void;
  readonly onRevoke: (invitation: Invitation) => void;
}

const ICONS = { open: "clock", good: "check", off: "close" } as const;

export function invitationColumns({ denial, sending, onResend, onRevoke }: Actions): readonly Column<Invitation>[] {
  return [
    {
      key: "email",
      label: "Address",
      width: "minmax(170px, 1.4fr)",
      cell: (row) => (
        <>
          <span className={styles["name"]}>{row.email}</span>
          {row.invited_by !== null && <span className={styles["under"]}>by {row.invited_by.name}</span>}
        </>
      ),
    },
    {
      key: "state",
      label: "State",
      width: "minmax(100px, 0.7fr)",
      cell: (row) => {
        const { word, tone } = INVITATION_WORDS[row.state];
        return (
          <Badge icon={ICONS[tone]} tone={tone}>
            {word}
          </Badge>
        );
      },
    },
    {
      key: "gets",
      label: "Gets",
      width: "minmax(170px, 1.6fr)",
      cell: (row) => {
        const places = row.grants.map((grant) => `${grant.workspace_name}: ${grant.role_name}`);
        const teams = row.teams.map((team) => team.name);
        return (
          <>
            {titled(row.account_role)}
            {places.length > 0 && <span className={styles["under"]}>{places.join(", ")}</span>}
            {teams.length > 0 && <span className={styles["under"]}>{teams.length === 1 ? "team" : "teams"} {teams.join(", ")}</span>}
          </>
        );
      },
    },
    {
      key: "sent",
      label: "Sent",
      width: "84px",
      from: "wide",
      align: "right",
      cell: (row) => <RelativeTime at={row.sent_at} none="not yet" />,
    },
    {
      key: "ends",
      label: "Ends",
      width: "84px",
      align: "right",
      cell: (row) =>
        row.state === "ACCEPTED" ? <RelativeTime at={row.accepted_at} /> : row.state === "REVOKED" ? <RelativeTime at={row.revoked_at} /> : <RelativeTime at={row.expires_at} />,
    },
    {
      key: "actions",
      label: "Actions",
      quiet: true,
      width: "176px",
      cell: (row) =>
        row.state === "OPEN" || row.state === "EXPIRED" ? (
          <>
            <GuardedButton variant="default" reason={denial} loading={sending === row.id} onClick={() => onResend(row)}>
              Resend
            </GuardedButton>
            <GuardedButton variant="default" reason={denial} onClick={() => onRevoke(row)}>
              Revoke
            </GuardedButton>
          </>
        ) : null,
    },
  ];
}
