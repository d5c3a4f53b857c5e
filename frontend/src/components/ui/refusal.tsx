import { Link } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { asApiError } from "@/lib/errors";
import { planRefusal } from "@/lib/plan-refusal";

interface RefusalProps {
  readonly error: unknown;
  /** Whose usage page tells more. */
  readonly workspace: string;
  /** What follows the message. */
  readonly more?: string;
}

/** Why it wasn't done. Where the plan is in the way: what of it is used up, until when, and where to go. */
export function Refusal({ error, workspace, more }: RefusalProps) {
  const plan = planRefusal(error);
  return (
    <p role="alert" style={{ margin: 0, color: "var(--danger-text)" }}>
      {plan === null ? (
        <>
          {asApiError(error).message} {more}
        </>
      ) : (
        <>
          {plan.used} {plan.resets}{" "}
          <Link to={paths.plan} params={{ workspace }} className="link">
            See the plan
          </Link>{" "}
          or{" "}
          <Link to={paths.usage} params={{ workspace }} className="link">
            what used it
          </Link>
          .
        </>
      )}
    </p>
  );
}
