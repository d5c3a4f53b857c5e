import { Link } from "@tanstack/react-router";

import { RelativeTime } from "@/components/ui/relative-time";
import { StateIcon } from "@/components/ui/state-icon";
import { paths } from "@/config/paths";
import { AnswerForm } from "@/features/approvals/components/answer-form";
import { answerLines, isOverdue, outcomeWords, STATE_WORDS } from "@/features/approvals/model";
import { useNow } from "@/lib/now";
import { useWorkspace } from "@/lib/workspace";
import type { Approval } from "@/schema/wire/approvals";

import styles from "./approvals.module.css";

interface ApprovalCardProps {
  readonly approval: Approval;
  /** On the page of its run nobody has to be told which run it is. */
  readonly isOnRun?: boolean;
  readonly onAnswered?: (() => void) | undefined;
}

/** One question: the form while it is open, who said what and when afterwards. */
export function ApprovalCard({ approval, isOnRun = false, onAnswered }: ApprovalCardProps) {
  const { slug: workspace } = useWorkspace();
  const overdue = isOverdue(approval, useNow());
  const { word, kind } = STATE_WORDS[approval.state];
  return (
    <li className={styles["card"]} data-open={approval.state === "OPEN" || undefined}>
      <div className={styles["head"]}>
        <h2 className={styles["title"]}>{approval.title}</h2>
        <span className={styles["state"]}>
          <StateIcon kind={kind} size={13} /> {word}
        </span>
      </div>
      <p className={styles["facts"]}>
        {!isOnRun && (
          <>
            <Link to={paths.run} params={{ workspace, runId: approval.run.id }} className="link">
              {approval.flow.name} {approval.run.name}
            </Link>
            {approval.deployment !== null && <> of {approval.deployment.name}</>}
            {" · "}
          </>
        )}
        asked <RelativeTime at={approval.created_at} />
        {approval.state === "OPEN" && approval.expires_at !== null && !overdue && (
          <>
            {" · "}expires <RelativeTime at={approval.expires_at} />
          </>
        )}
      </p>
      {approval.message !== "" && <p className={styles["message"]}>{approval.message}</p>}
      {approval.state === "OPEN" ? overdue ? <p className="muted">Its time is up.</p> : <AnswerForm approval={approval} onAnswered={onAnswered} /> : <Outcome approval={approval} />}
    </li>
  );
}

function Outcome({ approval }: { readonly approval: Approval }) {
  const words = outcomeWords(approval);
  const lines = answerLines(approval.answer);
  return (
    <div className={styles["outcome"]}>
      {words !== null && <p>{words}</p>}
      {approval.answered_by !== null && (
        <p>
          {STATE_WORDS[approval.state].word} by <strong>{approval.answered_by.name}</strong> <RelativeTime at={approval.answered_at} />
        </p>
      )}
      {approval.comment !== "" && <blockquote className={styles["comment"]}>{approval.comment}</blockquote>}
      {lines.length > 0 && (
        <dl className={styles["answer"]}>
          {lines.map(({ name, text }) => (
            <div key={name}>
              <dt className="mono">{name}</dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}
