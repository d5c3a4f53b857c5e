import { useQuery } from "@tanstack/react-query";

import { openApprovalsQuery } from "@/features/approvals/api/approvals";
import { badgeText } from "@/features/approvals/model";
import { useWorkspace } from "@/lib/workspace";

/** How many questions wait for this person; "" when none does. */
export function useWaitingApprovals(): string {
  const { slug, scopes } = useWorkspace();
  const answers = scopes.includes("runs:write");
  const open = useQuery({ ...openApprovalsQuery(slug), enabled: answers });
  return !answers || open.data === undefined ? "" : badgeText(open.data.items, open.data.next_cursor !== null);
}
