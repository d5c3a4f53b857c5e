import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { GuardedButton } from "@/components/ui/guarded-button";
import { GuardedIcon } from "@/components/ui/guarded-icon";
import { Refusal } from "@/components/ui/refusal";
import { paths } from "@/config/paths";
import { joinTeam, leaveTeam, teamChoicesQuery } from "@/features/account/api/teams";
import { SubjectSelect } from "@/features/account/ui/subject-select";
import { useAccount, useAccountDenial } from "@/lib/account";
import type { AccountMember } from "@/schema/wire/account";

import styles from "../ui/account.module.css";

interface MemberTeamsProps {
  readonly member: AccountMember;
  readonly onChanged: () => Promise<unknown>;
}

export function MemberTeams({ member, onChanged }: MemberTeamsProps) {
  const { id: account } = useAccount();
  const denial = useAccountDenial("teams:manage");
  const teams = useQuery({ ...teamChoicesQuery(account), enabled: denial === null });
  const provided = new Set((teams.data?.items ?? []).filter((each) => each.provided).map((each) => each.id));
  const [team, setTeam] = useState<string | null>(null);
  const leave = useMutation({ mutationFn: (id: string) => leaveTeam(account, id, member.id), onSuccess: onChanged });
  const join = useMutation({
    mutationFn: (id: string) => joinTeam(account, id, member.id),
    onSuccess: () => {
      setTeam(null);
      return onChanged();
    },
  });
  const problem = leave.error ?? join.error;
  return (
    <section className={styles["section"]} aria-label="Teams">
      <h3 className={styles["sectionTitle"]}>Teams</h3>
      {member.teams.length === 0 && <p className="muted" style={{ margin: 0 }}>In no team.</p>}
      {member.teams.length > 0 && (
        <ul className={styles["lines"]}>
          {member.teams.map((each) => (
            <li key={each.id} className={styles["line"]}>
              <Link to={paths.team} params={{ account, team: each.id }} className={`${styles["grow"]} ${styles["name"]}`}>
                {each.name}
              </Link>
              <GuardedIcon icon="trash" label="Take out of the team" name={`Take ${member.user.email} out of ${each.name}`} reason={denial ?? (provided.has(each.id) ? "Your identity provider keeps this team: take them out there." : null)} onClick={() => leave.mutate(each.id)} />
            </li>
          ))}
        </ul>
      )}
      {denial === null && member.deactivated_at === null && (
        <div className={styles["row"]}>
          <div className={styles["grow"]}>
            <SubjectSelect account={account} kind="team" joinable label="Another team" value={team} onChange={setTeam} without={new Set(member.teams.map((each) => each.id))} />
          </div>
          <GuardedButton
            variant="default"
            reason={team === null ? "Choose a team first." : null}
            loading={join.isPending}
            onClick={() => {
              if (team !== null) join.mutate(team);
            }}
          >
            Add to team
          </GuardedButton>
        </div>
      )}
      {problem !== null && <Refusal error={problem} />}
    </section>
  );
}
