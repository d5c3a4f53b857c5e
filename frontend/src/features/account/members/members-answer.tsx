import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { accountQuery } from "@/features/account/api/account";
import { seatsSentence } from "@/features/account/model";
import { useAccount } from "@/lib/account";
import { formatCount, plural } from "@/lib/units";

/** The members in a sentence; each number is the list that it counts. */
export function MembersAnswer() {
  const { id: account } = useAccount();
  const { data } = useQuery(accountQuery(account));
  if (data === undefined) return null;
  const { members, deactivated, invitations } = data.counts;
  const seats = seatsSentence(data);
  return (
    <>
      <Link to={paths.members} params={{ account }} search={{ state: "active" }} className="link">
        {plural(members, "member")}
      </Link>
      {deactivated > 0 && (
        <>
          ,{" "}
          <Link to={paths.members} params={{ account }} search={{ state: "deactivated" }} className="link">
            {formatCount(deactivated)} deactivated
          </Link>
        </>
      )}
      {invitations > 0 && (
        <>
          ,{" "}
          <Link to={paths.invitations} params={{ account }} className="link">
            {plural(invitations, "open invitation")}
          </Link>
        </>
      )}
      {seats !== null && ` · ${seats.text}`}
    </>
  );
}
