import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";

import { paths } from "@/config/paths";
import { ServiceAccountPage } from "@/features/account/service-accounts/service-account-page";
import { ServiceKeys } from "@/features/keys/components/service-keys";
import { meQuery } from "@/features/session/api/me";
import { useAccountDenial } from "@/lib/account";

const route = getRouteApi(paths.serviceAccount);

export function ServiceAccountRoute() {
  const { account, serviceAccount } = route.useParams();
  const navigate = route.useNavigate();
  const { data: me } = useQuery(meQuery);
  const denial = useAccountDenial("service_accounts:manage");
  const places = (me?.workspaces ?? []).filter((workspace) => workspace.account.id === account && workspace.scopes.includes("keys:manage"));
  return (
    <ServiceAccountPage
      key={serviceAccount}
      id={serviceAccount}
      keys={(service) => <ServiceKeys account={account} service={service} places={places} denial={denial} />}
      onDeleted={() => void navigate({ to: paths.serviceAccounts, params: { account } })}
    />
  );
}
