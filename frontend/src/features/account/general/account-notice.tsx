import { Link } from "@tanstack/react-router";

import { Notice } from "@/components/ui/notice";
import { paths } from "@/config/paths";
import { useAccount } from "@/lib/account";
import { formatDate } from "@/lib/time";

/** Over every page of an account that is archived: what that means, and where it is undone. */
export function AccountNotice() {
  const { id, name, archived_at, delete_after } = useAccount();
  if (archived_at === null) return null;
  return (
    <Notice icon="archive">
      {name} is archived: nothing in it can be changed and nothing starts
      {delete_after === null ? "." : `; it is deleted on ${formatDate(delete_after)}.`}{" "}
      <Link to={paths.accountGeneral} params={{ account: id }} className="link">
        Restore it
      </Link>
    </Notice>
  );
}
