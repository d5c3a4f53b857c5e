import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";

import { PageHeader } from "@/components/ui/page-header";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { paths } from "@/config/paths";
import { useReauthentication } from "@/features/auth/use-reauthentication";
import { AddressesPanel } from "@/features/me/components/addresses-panel";
import { DeletePanel } from "@/features/me/components/delete-panel";
import { NameForm } from "@/features/me/components/name-form";
import { PanelStack } from "@/features/me/components/panel-stack";
import { meQuery } from "@/features/session/api/me";

export function MyProfileRoute() {
  const { data: me } = useQuery(meQuery);
  const { guard, dialog } = useReauthentication();
  const client = useQueryClient();
  const router = useRouter();
  const email = me?.actor.email ?? "";
  return (
    <>
      <PageHeader title="Profile" answer="What you are called here, and where mails reach you." />
      {me === undefined ? (
        <SkeletonRows rows={4} height={52} label="profile" />
      ) : (
        <PanelStack>
          <NameForm key={me.actor.name} name={me.actor.name} />
          <AddressesPanel guard={guard} />
          <DeletePanel
            email={email}
            guard={guard}
            onGone={() => {
              client.clear();
              router.history.push(paths.login);
            }}
          />
        </PanelStack>
      )}
      {dialog}
    </>
  );
}
