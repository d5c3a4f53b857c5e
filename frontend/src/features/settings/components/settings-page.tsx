import type { ReactNode } from "react";

import { PageHeader } from "@/components/ui/page-header";
import { TabBar } from "@/components/ui/tab-bar";
import { ChannelsTab } from "@/features/settings/components/channels-tab";
import { GeneralTab } from "@/features/settings/components/general-tab";
import type { SettingsSearch, SettingsTab } from "@/features/settings/model";
import { useWorkspace } from "@/lib/workspace";

import styles from "./settings.module.css";

interface SettingsPageProps {
  readonly search: SettingsSearch;
  readonly onChange: (search: SettingsSearch) => void;
  /** What other features put below the tabs of theirs. */
  readonly access: ReactNode;
  readonly keys: ReactNode;
  readonly prices: ReactNode;
  readonly storage: ReactNode;
  readonly webhooks: ReactNode;
  readonly schemas: ReactNode;
  readonly audit: ReactNode;
  readonly danger: ReactNode;
}

export function SettingsPage({ search, onChange, access, keys, prices, storage, webhooks, schemas, audit, danger }: SettingsPageProps) {
  const { name } = useWorkspace();
  const tab = search.tab ?? "general";
  return (
    <>
      <PageHeader title="Settings" answer={<>of the workspace {name}</>} />
      <TabBar
        label="Settings"
        value={tab}
        onChange={(next: SettingsTab) => onChange({ tab: next })}
        tabs={[
          { value: "general", label: "General" },
          { value: "access", label: "Access" },
          { value: "keys", label: "API keys" },
          { value: "channels", label: "Channels" },
          { value: "prices", label: "Prices" },
          { value: "storage", label: "Storage" },
          { value: "webhooks", label: "Webhooks" },
          { value: "schemas", label: "Event schemas" },
          { value: "audit", label: "Audit log" },
        ]}
      />
      <div id="tab-panel" role="tabpanel" aria-labelledby={`tab-${tab}`} className={styles["panel"]} data-wide={tab === "audit" || undefined}>
        {tab === "general" && <GeneralTab>{danger}</GeneralTab>}
        {tab === "access" && access}
        {tab === "keys" && keys}
        {tab === "channels" && <ChannelsTab opened={search.channel} onOpen={(channel) => onChange({ tab, channel })} />}
        {tab === "prices" && prices}
        {tab === "storage" && storage}
        {tab === "webhooks" && webhooks}
        {tab === "schemas" && schemas}
        {tab === "audit" && audit}
      </div>
    </>
  );
}
