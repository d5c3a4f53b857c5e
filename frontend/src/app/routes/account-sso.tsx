import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { SsoPage } from "@/features/sso/components/sso-page";
import { useAccount, useAccountDenial } from "@/lib/account";

const route = getRouteApi(paths.accountSso);

export function AccountSsoRoute() {
  const { tested } = route.useSearch();
  return <SsoPage account={useAccount().id} denial={useAccountDenial("sso:manage", true)} handing={useAccountDenial("account:manage")} tested={tested} />;
}
