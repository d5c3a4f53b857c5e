import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { AccountGeneralPage } from "@/features/account/general/general-page";
import { meQuery } from "@/features/session/api/me";

const route = getRouteApi(paths.accountGeneral);

export function AccountGeneralRoute() {
  const { account } = route.useParams();
  const router = useRouter();
  const { data: me } = useQuery(meQuery);
  const workspace = me?.workspaces.find((each) => each.account.id === account)?.slug;
  return <AccountGeneralPage workspace={workspace} onDeleted={() => router.history.push("/")} />;
}
