import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";

import type { SettingsAddress } from "@/app/routes/settings-search";
import { EmptyState } from "@/components/ui/empty-state";
import { RangePicker } from "@/components/ui/range-picker";
import { paths } from "@/config/paths";
import { AccessTab } from "@/features/account/access/access-tab";
import { AuditList } from "@/features/account/audit/audit-list";
import { DangerZone } from "@/features/account/general/danger-zone";
import { parseAccessSearch } from "@/features/account/search";
import { PricesTab } from "@/features/costs/components/prices-tab";
import { SchemasTab } from "@/features/event-schemas/components/schemas-tab";
import { WorkspaceKeys } from "@/features/keys/components/workspace-keys";
import { meQuery } from "@/features/session/api/me";
import { workspaceQuery } from "@/features/settings/api/settings";
import { SettingsPage } from "@/features/settings/components/settings-page";
import { StorageTab } from "@/features/storage/components/storage-tab";
import { WebhooksTab } from "@/features/webhooks/components/webhooks-tab";
import { useDenial, useWorkspace } from "@/lib/workspace";

const route = getRouteApi(paths.settings);

export function SettingsRoute() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { data: me } = useQuery(meQuery);
  const go = (next: SettingsAddress) => void navigate({ search: next, replace: true, resetScroll: false });
  const { tab } = search;
  return (
    <SettingsPage
      search={search}
      onChange={go}
      danger={<WorkspaceDanger />}
      access={<AccessTab search={parseAccessSearch({ ...search })} onChange={(change) => go({ tab, ...change })} />}
      keys={<WorkspaceKeys userId={me?.actor.id} search={search} onChange={(change) => go({ tab, ...change })} />}
      prices={<PricesTab />}
      storage={<StorageTab />}
      webhooks={<WebhooksTab />}
      schemas={<SchemasTab />}
      audit={<WorkspaceAudit search={search} onChange={(change) => go({ ...search, ...change })} />}
    />
  );
}

interface WorkspaceAuditProps {
  readonly search: SettingsAddress;
  readonly onChange: (change: Partial<SettingsAddress>) => void;
}

function WorkspaceAudit({ search, onChange }: WorkspaceAuditProps) {
  const { slug } = useWorkspace();
  const denial = useDenial("audit:read");
  if (denial !== null) {
    return (
      <EmptyState icon="history" title="The log is not shown to you">
        {denial}
      </EmptyState>
    );
  }
  return (
    <AuditList
      source={{ workspace: slug }}
      search={search}
      onChange={onChange}
      lead={<RangePicker anyTime value={search} onChange={({ range, from, to }) => onChange({ range, from, to })} />}
    />
  );
}

function WorkspaceDanger() {
  const { slug, name } = useWorkspace();
  const denial = useDenial("workspace:manage", true);
  const client = useQueryClient();
  const router = useRouter();
  const { data: workspace } = useQuery(workspaceQuery(slug));
  return (
    <DangerZone
      what={{ kind: "workspace", id: slug, name }}
      archivedAt={workspace?.archived_at ?? null}
      deleteAfter={workspace?.delete_after ?? null}
      denial={denial}
      onChanged={() => client.invalidateQueries()}
      onDeleted={() => router.history.push("/")}
    />
  );
}
