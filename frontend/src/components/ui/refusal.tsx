import { Link } from "@tanstack/react-router";
import { use } from "react";

import { paths } from "@/config/paths";
import { asApiError } from "@/lib/errors";
import { planRefusal } from "@/lib/plan-refusal";
import { WorkspaceContext } from "@/lib/workspace";

interface RefusalProps {
  readonly error: unknown;
  /** What follows the message. */
  readonly more?: string;
}

/** Why it wasn't done. Where the plan is in the way: what of it is used up, until when, and where to go. */
export function Refusal({ error, more }: RefusalProps) {
  const plan = planRefusal(error);
  const workspace = use(WorkspaceContext)?.slug;
  return (
    <p role="alert" style={{ margin: 0, color: "var(--danger-text)", overflowWrap: "anywhere" }}>
      {plan === null ? (
        <>
          {asApiError(error).message} {more}
        </>
      ) : (
        <>
          {plan.used} {plan.resets}{" "}
          {workspace === undefined ? (
            <Link to={paths.anyPlan} className="link">
              See the plan
            </Link>
          ) : (
            <Link to={paths.plan} params={{ workspace }} className="link">
              See the plan
            </Link>
          )}{" "}
          or{" "}
          {workspace === undefined ? (
            <Link to={paths.anyUsage} className="link">
              what used it
            </Link>
          ) : (
            <Link to={paths.usage} params={{ workspace }} className="link">
              what used it
            </Link>
          )}
          .
        </>
      )}
    </p>
  );
}
