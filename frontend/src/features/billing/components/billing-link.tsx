import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { paths } from "@/config/paths";
import type { UsageSearch } from "@/features/billing/model";
import { useBilled } from "@/features/billing/use-billed";

interface BillingLinkProps {
  readonly page: "usage" | "plan";
  readonly search?: UsageSearch;
  readonly className: string | undefined;
  readonly children: ReactNode;
}

/** To the other page about money: within the workspace, or within the account. */
export function BillingLink({ page, search = {}, className = "", children }: BillingLinkProps) {
  const { account, workspace } = useBilled();
  const common = { className, activeOptions: { includeSearch: false }, activeProps: { "aria-current": "page" as const } };
  if (workspace === null) {
    return (
      <Link to={page === "usage" ? paths.accountUsage : paths.accountPlan} params={{ account: account.id }} search={search} {...common}>
        {children}
      </Link>
    );
  }
  return (
    <Link to={page === "usage" ? paths.usage : paths.plan} params={{ workspace: workspace.slug }} search={search} {...common}>
      {children}
    </Link>
  );
}
