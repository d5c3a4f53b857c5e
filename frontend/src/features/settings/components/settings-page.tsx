import { PageHeader } from "@/components/ui/page-header";
import { TabBar } from "@/components/ui/tab-bar";
import { ChannelsTab } from "@/features/settings/components/channels-tab";
import { GeneralTab } from "@/features/settings/components/general-tab";
import { KeysTab } from "@/features/settings/components/keys-tab";
import { MembersTab } from "@/features/settings/components/members-tab";
import type { SettingsSearch, SettingsTab } from "@/features/settings/model";
import { useWorkspace } from "@/lib/workspace";

import styles from "./settings.module.css";

interface SettingsPageProps {
  readonly search: SettingsSearch;
  readonly onChange: (search: SettingsSearch) => void;
}

export function SettingsPage({ search, onChange }: SettingsPageProps) {
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
          { value: "members", label: "Members" },
          { value: "keys", label: "API keys" },
          { value: "channels", label: "Channels" },
        ]}
      />
      <div id="tab-panel" role="tabpanel" aria-labelledby={`tab-${tab}`} className={styles["panel"]}>
        {tab === "general" && <GeneralTab />}
        {tab === "members" && <MembersTab />}
        {tab === "keys" && <KeysTab />}
        {tab === "channels" && <ChannelsTab opened={search.channel} onOpen={(channel) => onChange({ tab, channel })} />}
      </div>
    </>
  );
}
