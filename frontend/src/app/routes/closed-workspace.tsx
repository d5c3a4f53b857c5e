import { Stack } from "@mantine/core";
import { Link } from "@tanstack/react-router";

import { NotFoundPage } from "@/app/routes/not-found";
import { paths } from "@/config/paths";
import { AuthLayout } from "@/features/auth/components/auth-layout";
import { PaidAccounts, paidOnly } from "@/features/session/components/paid-accounts";
import type { Me } from "@/schema/wire/session";

/** At the address of a workspace that somebody may not look into: what they may see instead. */
export function ClosedWorkspacePage({ me }: { readonly me: Me }) {
  // Who pays for an account and has no part in its workspaces was led here by a colleague's link.
  const paid = paidOnly(me);
  if (paid.length === 0) return <NotFoundPage />;
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
        <PaidAccounts accounts={paid} />
      </Stack>
    </AuthLayout>
  );
}
