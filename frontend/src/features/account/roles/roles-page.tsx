import { useQuery } from "@tanstack/react-query";

import { ErrorState } from "@/components/ui/error-state";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { PageHeader } from "@/components/ui/page-header";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { rolesQuery } from "@/features/account/api/roles";
import { RoleEditor } from "@/features/account/roles/role-editor";
import { RoleMatrix } from "@/features/account/roles/role-matrix";
import type { RolesSearch } from "@/features/account/search";
import { useAccount, useAccountDenial } from "@/lib/account";
import { plural } from "@/lib/units";

interface RolesPageProps {
  readonly search: RolesSearch;
  readonly onChange: (search: RolesSearch) => void;
}

/** What may each role do? */
export function RolesPage({ search, onChange }: RolesPageProps) {
  const account = useAccount();
  const denial = useAccountDenial("roles:manage");
  const roles = useQuery(rolesQuery(account.id));
  const own = roles.data?.items.filter((role) => !role.built_in).length ?? 0;
  const chosen = roles.data?.items.find((role) => role.key === search.role);
  return (
    <>
      <PageHeader
        title="Roles"
        answer={roles.data !== undefined && <>{plural(roles.data.items.length - own, "role")} built in and {own === 0 ? "none" : own} of your own; what each may do in a workspace where it is given.</>}
      >
        <GuardedButton reason={denial} leftSection={<Icon name="plus" size={13} />} onClick={() => onChange({ role: "new" })}>
          Create role
        </GuardedButton>
      </PageHeader>
      {roles.isPending && <SkeletonRows rows={14} height={32} label="roles" />}
      {roles.isError && <ErrorState error={roles.error} what="roles" onRetry={() => void roles.refetch()} />}
      {roles.data !== undefined && <RoleMatrix roles={roles.data} chosen={chosen?.key} onOpen={(role) => onChange({ role })} />}
      {roles.data !== undefined && (chosen !== undefined || search.role === "new") && (
        <RoleEditor
          key={`${search.role ?? ""} ${search.base ?? ""}`}
          roles={roles.data}
          role={chosen ?? null}
          base={search.base}
          denial={denial}
          onCopy={(base) => onChange({ role: "new", base })}
          onClose={() => onChange({})}
        />
      )}
    </>
  );
}
