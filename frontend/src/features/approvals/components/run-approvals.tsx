import { ApprovalCard } from "@/features/approvals/components/approval-card";
import type { Approval } from "@/schema/wire/approvals";

import styles from "./approvals.module.css";

interface RunApprovalsProps {
  readonly approvals: readonly Approval[];
  readonly onAnswered: () => void;
}

/** What a run asked: what is open first, then who said what. */
export function RunApprovals({ approvals, onAnswered }: RunApprovalsProps) {
  const sorted = [...approvals].sort((a, b) => Number(b.state === "OPEN") - Number(a.state === "OPEN") || b.created_at.localeCompare(a.created_at));
  return (
    <ul className={styles["list"]} aria-label="Approvals of this run" data-run>
      {sorted.map((approval) => (
        <ApprovalCard key={approval.id} approval={approval} isOnRun onAnswered={onAnswered} />
      ))}
    </ul>
  );
}
