import { Button, Menu } from "@mantine/core";
import { useState } from "react";

import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { PageHeader } from "@/components/ui/page-header";
import { EmptyState } from "@/components/ui/empty-state";
import { RangePicker } from "@/components/ui/range-picker";
import { auditExportUrl } from "@/features/account/api/audit";
import { AuditList } from "@/features/account/audit/audit-list";
import { StreamDrawer } from "@/features/account/audit/stream-drawer";
import type { AuditSearch } from "@/features/account/search";
import { useAccount, useAccountDenial } from "@/lib/account";

interface AuditPageProps {
  readonly search: AuditSearch;
  readonly onChange: (change: Partial<AuditSearch>) => void;
}

/** Who changed what? */
export function AuditPage({ search, onChange }: AuditPageProps) {
  const account = useAccount();
  const denial = useAccountDenial("audit:read");
  const manage = useAccountDenial("security:manage");
  const [streaming, setStreaming] = useState(false);
  return (
    <>
      <PageHeader title="Audit log" answer="Every change to people, access and settings; nothing in it can be changed.">
        <RangePicker anyTime value={search} onChange={({ range, from, to }) => onChange({ range, from, to })} />
        {denial === null && (
          <Menu>
            <Menu.Target>
              <Button variant="default" leftSection={<Icon name="download" size={13} />} rightSection={<Icon name="chevronDown" size={12} />}>
                Export
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Label>What the filters show</Menu.Label>
              <Menu.Item component="a" href={auditExportUrl(account.id, search, "csv")} download>
                As CSV
              </Menu.Item>
              <Menu.Item component="a" href={auditExportUrl(account.id, search, "ndjson")} download>
                As NDJSON
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
        <GuardedButton variant="default" reason={manage} leftSection={<Icon name="external" size={13} />} onClick={() => setStreaming(true)}>
          Stream
        </GuardedButton>
      </PageHeader>
      {denial === null ? (
        <AuditList source={{ account: account.id }} search={search} onChange={onChange} />
      ) : (
        <EmptyState icon="history" title="The log is not shown to you">
          {denial}
        </EmptyState>
      )}
      {streaming && <StreamDrawer onClose={() => setStreaming(false)} />}
    </>
  );
}
