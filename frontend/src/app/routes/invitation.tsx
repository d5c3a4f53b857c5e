import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { AcceptPage } from "@/features/account/invitations/accept-page";
import { logOut } from "@/features/auth/api/auth";
import { AuthLayout } from "@/features/auth/components/auth-layout";
import { meQuery } from "@/features/session/api/me";
import { asApiError } from "@/lib/errors";

const route = getRouteApi(paths.invitation);

export function InvitationRoute() {
  const { token } = route.useParams();
  const router = useRouter();
  const client = useQueryClient();
  const me = useQuery({ ...meQuery, retry: false });
  const stranger = me.isError && asApiError(me.error).status === 401;
  const leave = useMutation({
    mutationFn: logOut,
    onSettled: () => {
      client.clear();
      router.history.push(router.buildLocation({ to: paths.login, search: { next: `/invitations/${encodeURIComponent(token)}` } }).href);
    },
  });
  return (
    <AuthLayout title="You are invited">
      <AcceptPage
        token={token}
        me={me.data !== undefined ? (me.data.actor.email ?? me.data.actor.name) : stranger || me.isError ? null : undefined}
        leaving={leave.isPending}
        onLeave={() => leave.mutate()}
        onAccepted={({ account, workspace }) => {
          client.clear();
          const to =
            workspace === null
              ? router.buildLocation({ to: paths.members, params: { account: account.id } })
              : router.buildLocation({ to: paths.home, params: { workspace } });
          router.history.push(to.href);
        }}
      />
    </AuthLayout>
  );
}
