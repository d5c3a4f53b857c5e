import { Link } from "@tanstack/react-router";

import type { Column } from "@/components/ui/endless-table";
import { RelativeTime } from "@/components/ui/relative-time";
import { paths } from "@/config/paths";
import { grantsByWorkspace, personName, titled } from "@/features/account/model";
import type { MembersSearch } from "@/features/account/search";
import { Badge } from "@/features/account/ui/badge";
import { plural } from "@/lib/units";
import type { AccountMember } from "@/schema/wire/account";

import styles from "../ui/account.module.css";

const SHOWN = 2;

export function memberColumns(account: string, search: MembersSearch): readonly Column<AccountMember>[] {
  return [
    {
      key: "member",
      label: "Member",
      width: "minmax(180px, 1.6fr)",
      cell: (member) => (
        <>
          <Link to={paths.members} params={{ account }} search={{ ...search, member: member.id }} className={styles["name"]} resetScroll={false}>
            {personName(member.user)}
          </Link>
          {member.user.name !== "" && <span className={styles["under"]}>{member.user.email}</span>}
        </>
      ),
    },
    {
      key: "role",
      label: "Account role",
      width: "minmax(90px, 0.6fr)",
      cell: (member) => (
        <>
          {titled(member.account_role)}
          {member.deactivated_at !== null && <span className={styles["under"]}>deactivated</span>}
        </>
      ),
    },
    {
      key: "workspaces",
      label: "Workspaces",
      width: "minmax(150px, 1.4fr)",
      cell: (member) => <Places member={member} />,
    },
    {
      key: "teams",
      label: "Teams",
      width: "minmax(110px, 1fr)",
      from: "wide",
      cell: (member) =>
        member.teams.length === 0 ? (
          <span className="muted">none</span>
        ) : (
          <span className={styles["tags"]}>
            {member.teams.slice(0, SHOWN).map((team) => (
              <Link key={team.id} to={paths.team} params={{ account, team: team.id }} className={styles["tag"]}>
                {team.name}
              </Link>
            ))}
            {member.teams.length > SHOWN && <span className="muted">+{member.teams.length - SHOWN}</span>}
          </span>
        ),
    },
    {
      key: "mfa",
      label: "Second factor",
      width: "minmax(104px, 0.6fr)",
      from: "wide",
      cell: (member) => (member.sso ? <Badge icon="lock" tone="good">by sign-on</Badge> : member.mfa ? <Badge icon="shield" tone="good">on</Badge> : <Badge icon="alert" tone="warn">none</Badge>),
    },
    {
      key: "seen",
      label: "Last seen",
      width: "84px",
      align: "right",
      cell: (member) => <RelativeTime at={member.last_seen_at} none="never" />,
    },
  ];
}

function Places({ member }: { readonly member: AccountMember }) {
  if (member.account_role === "OWNER") return <span className="muted">all, as owner</span>;
  const places = grantsByWorkspace(member.workspaces);
  if (places.length === 0) return <span className="muted">none</span>;
  const names = places.slice(0, SHOWN).map(([grant]) => (grant === undefined ? "" : `${grant.name}: ${grant.role_name}`));
  return (
    <span title={places.map(([grant]) => (grant === undefined ? "" : `${grant.name}: ${grant.role_name}`)).join("\n")}>
      {names.join(", ")}
      {places.length > SHOWN && <span className="muted"> and {plural(places.length - SHOWN, "more", "more")}</span>}
    </span>
  );
}
