import { Button, Stack } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useRouter } from "@tanstack/react-router";
import { useState } from "react";

import { PagePending } from "@/app/page-pending";
import { Icon } from "@/components/ui/icon";
import { paths } from "@/config/paths";
import { AuthLayout } from "@/features/auth/components/auth-layout";
import { CreateAccountDialog } from "@/features/account/general/create-account-dialog";
import { CreateWorkspaceDialog } from "@/features/session/components/create-workspace-dialog";
import { PaidAccounts, paidOnly } from "@/features/session/components/paid-accounts";
import { meQuery } from "@/features/session/api/me";
import { signOut } from "@/features/sso/api/sso";
import { accountDenial } from "@/lib/account";

/** Somebody who may look into no workspace: what they can do nevertheless, and how they get into one. */
export function NoWorkspacePage() {
  const { data: me } = useQuery(meQuery);
  const client = useQueryClient();
  const router = useRouter();
  const navigate = useNavigate();
  const [creating, setCreating] = useState<"workspace" | "account" | null>(null);
  const leave = useMutation({
    mutationFn: signOut,
    onSettled: (provider) => {
      client.clear();
      if (provider == null) router.history.push(paths.login);
      else window.location.assign(provider);
    },
  });
  if (me === undefined) return <PagePending />;
  const paid = paidOnly(me);
  const others = me.accounts.filter((account) => !paid.includes(account));
  // Who is there to pay misses nothing: a role in a workspace is not what they wait for.
  const onlyPays = paid.length > 0 && others.length === 0;
  const mayCreate = me.accounts.some((account) => accountDenial(account, "workspaces:create") === null);
  return (
    <AuthLayout
      title={onlyPays ? "No workspace is open to you" : "You are in no workspace yet"}
      footer={
        <>
          {me.actor.email ?? me.actor.name} ·{" "}
          <Link to={paths.me} className="link">
            Your pages
          </Link>{" "}
          ·{" "}
          <button type="button" className="link" onClick={() => leave.mutate()}>
            Log out
          </button>
        </>
      }
    >
      <Stack gap={12}>
        {!onlyPays && (
          <p style={{ margin: 0 }}>
            Runs, events and metrics are in workspaces. {mayCreate ? "Create one, or ask a colleague to give you a role in theirs." : "Ask a colleague to give you a role in theirs."}
          </p>
        )}
        {mayCreate && (
          <Button h={36} leftSection={<Icon name="plus" size={13} />} onClick={() => setCreating("workspace")}>
            Create a workspace
          </Button>
        )}
        {others.map((account) => (
          <Button key={account.id} variant="default" h={36} leftSection={<Icon name="building" size={14} />} renderRoot={(props) => <Link to={paths.account} params={{ account: account.id }} {...props} />}>
            {account.name}, where you are {account.role.toLowerCase()}
          </Button>
        ))}
        {paid.length > 0 && <PaidAccounts accounts={paid} />}
        {me.accounts.length === 0 && (
          <Button variant="default" h={36} leftSection={<Icon name="building" size={14} />} onClick={() => setCreating("account")}>
            Create an account
          </Button>
        )}
      </Stack>
      {creating === "workspace" && (
        <CreateWorkspaceDialog accounts={me.accounts} onClose={() => setCreating(null)} onCreated={(workspace) => void navigate({ to: paths.home, params: { workspace } })} />
      )}
      {creating === "account" && <CreateAccountDialog onClose={() => setCreating(null)} onCreated={(account) => void navigate({ to: paths.accountWorkspaces, params: { account } })} />}
    </AuthLayout>
  );
}
