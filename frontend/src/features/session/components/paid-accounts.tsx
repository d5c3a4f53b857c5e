import { Button, Stack } from "@mantine/core";
import { Link } from "@tanstack/react-router";

import { Icon } from "@/components/ui/icon";
import { paths } from "@/config/paths";
import { accountDenial } from "@/lib/account";
import type { MyAccount } from "@/schema/wire/account";
import type { Me } from "@/schema/wire/session";

/** The accounts that somebody pays for without a part in any of their workspaces. */
export function paidOnly(me: Me): readonly MyAccount[] {
  return me.accounts.filter(
    (account) => account.role === "BILLING" && accountDenial(account, "billing:read") === null && !me.workspaces.some((workspace) => workspace.account.id === account.id),
  );
}

/** What is open to who pays: why it is not more, and the ways there. */
export function PaidAccounts({ accounts }: { readonly accounts: readonly MyAccount[] }) {
  return (
    <>
      <p style={{ margin: 0 }}>
        Your role in {accounts.map((account) => account.name).join(" and ")} is billing: it shows the plan, the invoices and what was used. Runs and events are shown to those who have a role in a workspace; an owner or admin of the account gives it.
      </p>
      {accounts.map(({ id: account, name }) => (
        <Stack key={account} gap={8}>
          <Button h={36} leftSection={<Icon name="coin" size={14} />} renderRoot={(props) => <Link to={paths.accountPlan} params={{ account }} {...props} />}>
            Plan and invoices of {name}
          </Button>
          <Button variant="default" h={36} leftSection={<Icon name="usage" size={14} />} renderRoot={(props) => <Link to={paths.accountUsage} params={{ account }} {...props} />}>
            Usage of {name}
          </Button>
        </Stack>
      ))}
    </>
  );
}
