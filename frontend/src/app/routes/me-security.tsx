import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";

import { ErrorState } from "@/components/ui/error-state";
import { PageHeader } from "@/components/ui/page-header";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { paths } from "@/config/paths";
import { askService, servicesQuery } from "@/features/auth/api/auth";
import { passwordProblem, serviceProblem } from "@/features/auth/model";
import { useReauthentication } from "@/features/auth/use-reauthentication";
import { addressesQuery } from "@/features/me/api/person";
import { securityQuery } from "@/features/me/api/security";
import { FactorsPanel } from "@/features/me/components/factors-panel";
import { PanelStack } from "@/features/me/components/panel-stack";
import { PasswordPanel } from "@/features/me/components/password-panel";
import { ServicesPanel } from "@/features/me/components/services-panel";
import type { Security } from "@/features/me/api/security";

const route = getRouteApi(paths.mySecurity);

export function MySecurityRoute() {
  const { error } = route.useSearch();
  const query = useQuery(securityQuery);
  const { data: addresses } = useQuery(addressesQuery);
  const { data: services = [] } = useQuery(servicesQuery);
  const { guard, dialog } = useReauthentication();
  const waiting = addresses?.find((address) => !address.verified);
  return (
    <>
      <PageHeader title="Security" answer={query.isSuccess ? answerOf(query.data) : undefined} />
      {query.isPending ? (
        <SkeletonRows rows={6} height={52} label="security" />
      ) : query.isError ? (
        <ErrorState error={query.error} what="security of your login" onRetry={() => void query.refetch()} />
      ) : (
        <PanelStack>
          <PasswordPanel hasPassword={query.data.hasPassword} weakness={passwordProblem} guard={guard} />
          <FactorsPanel
            security={query.data}
            unconfirmed={waiting === undefined ? null : `Confirm ${waiting.email} first, or remove it under “Profile”.`}
            guard={guard}
          />
          <ServicesPanel
            services={services}
            connect={(service) => askService(service, "connect", paths.mySecurity)}
            problem={serviceProblem(error)}
            guard={guard}
          />
        </PanelStack>
      )}
      {dialog}
    </>
  );
}

function answerOf({ app, passkeys, codes }: Security): string {
  const factors = passkeys.length + (app === null ? 0 : 1);
  if (factors === 0) return "Your password alone gets somebody in. Add a passkey or an authenticator app.";
  if ((codes?.unused_code_count ?? 0) === 0) return "Guarded, but without a recovery code left. Make new ones.";
  return factors === 1 ? "Guarded by one factor beside the password." : `Guarded by ${factors} factors beside the password.`;
}
