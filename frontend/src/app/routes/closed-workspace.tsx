import { Button, Stack } from "@mantine/core";
import { Link } from "@tanstack/react-router";

import { NotFoundPage } from "@/app/routes/not-found";
import { Icon } from "@/components/ui/icon";
import { paths } from "@/config/paths";
import { AuthLayout } from "@/features/auth/components/auth-layout";
import { accountDenial } from "@/lib/account";
import type { Me } from "@/schema/wire/session";

/** At the address of a workspace that somebody may not look into: what they may see instead. */
export function ClosedWorkspacePage({ me }: { readonly me: Me }) {
  // Who pays for an account and has no part in its workspaces was led here by a colleague's link.
  const paid = me.accounts.filter(
    (account) => account.role === "BILLING" && accountDenial(account, "billing:read") === null && !me.workspaces.some((workspace) => workspace.account.id === account.id),
  );
  if (paid.length === 0) return <NotFoundPage />;
  const names = paid.map((account) => account.name).join(" and ");
  return (
    <AuthLayout
      title="This workspace is not open to you"
      footer={
        <>
          {me.actor.email ?? me.actor.name} ·{" "}
          <Link to={paths.me} className="link">
            Your pages
          </Link>
        </>
      }
    >
      <Stack gap={12}>
        <p style={{ margin: 0 }}>
          Your role in {names} is billing: it shows the plan, the invoices and what was used. Runs and events are shown to those who have a role in a workspace; an owner or admin of the account gives it.
        </p>
        {paid.map(({ id: account, name }) => (
          <Stack key={account} gap={8}>
            <Button h={36} leftSection={<Icon name="coin" size={14} />} renderRoot={(props) => <Link to={paths.accountPlan} params={{ account }} {...props} />}>
              Plan and invoices of {name}
            </Button>
            <Button variant="default" h={36} leftSection={<Icon name="usage" size={14} />} renderRoot={(props) => <Link to={paths.accountUsage} params={{ account }} {...props} />}>
              Usage of {name}
            </Button>
          </Stack>
        ))}
      </Stack>
    </AuthLayout>
  );
}
