import { notifications } from "@mantine/notifications";
import { Skeleton } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { ErrorState } from "@/components/ui/error-state";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { PageHeader } from "@/components/ui/page-header";
import { RelativeTime } from "@/components/ui/relative-time";
import { SecretDialog } from "@/components/ui/secret-dialog";
import { TabBar } from "@/components/ui/tab-bar";
import { paths } from "@/config/paths";
import { automationKeys, automationQuery, deleteAutomation } from "@/features/automations/api/automations";
import { Editor } from "@/features/automations/components/editor";
import { FiringHistory } from "@/features/automations/components/firing-history";
import { MetricStates } from "@/features/automations/components/metric-states";
import { PausedSwitch } from "@/features/automations/components/paused-switch";
import { draftOf } from "@/features/automations/draft";
import type { AutomationSearch } from "@/features/automations/model";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { Automation } from "@/schema/wire/automations";

import styles from "./automations.module.css";

interface AutomationPageProps {
  readonly automationId: string;
  readonly search: AutomationSearch;
  readonly onChange: (change: Partial<AutomationSearch>) => void;
}

/** One rule: when it fired and why, and the rule itself. */
export function AutomationPage({ automationId, search, onChange }: AutomationPageProps) {
  const { slug: workspace } = useWorkspace();
  const automation = useQuery(automationQuery(workspace, automationId));
  const tab = search.tab ?? "history";
  const crumbs = (
    <nav className={styles["crumbs"]} aria-label="Where you are">
      <Link to={paths.automations} params={{ workspace }} className="link">
        Automations
      </Link>
    </nav>
  );
  if (automation.isError) {
    return (
      <>
        {crumbs}
        <ErrorState error={automation.error} what="automation" onRetry={() => void automation.refetch()} />
      </>
    );
  }
  if (automation.isPending) {
    return (
      <div role="status" aria-label="Loading the automation">
        {crumbs}
        <Skeleton height={28} width={260} mb={8} />
        <Skeleton height={16} width="60%" mb={20} />
        <Skeleton height={300} />
      </div>
    );
  }
  const { data } = automation;
  return (
    <>
      {crumbs}
      <PageHeader title={data.name} answer={data.sentence}>
        <PausedSwitch automation={data} label />
        <DeleteButton automation={data} />
      </PageHeader>
      {data.paused_at !== null && (
        <p className={styles["paused"]} role="note">
          <Icon name="pause" size={13} /> Paused <RelativeTime at={data.paused_at} />: it watches for nothing, and begins anew when it goes on.
        </p>
      )}
      {data.trouble !== null && (
        <p className={styles["refusal"]} role="note">
          {data.trouble}
        </p>
      )}
      {data.trigger.type === "metric" && <MetricStates states={data.states} metric={data.trigger.metric} />}
      {data.description !== "" && tab === "history" && <p className={styles["description"]}>{data.description}</p>}
      <TabBar
        label="Automation"
        value={tab}
        onChange={(next) => onChange({ tab: next === "history" ? undefined : next, firing: undefined })}
        tabs={[
          { value: "history", label: "History" },
          { value: "edit", label: "Rule" },
        ]}
      />
      <div id="tab-panel" role="tabpanel" aria-labelledby={`tab-${tab}`} className={styles["panel"]}>
        {tab === "history" && <FiringHistory automationId={data.id} opened={search.firing} onOpen={(firing) => onChange({ firing })} />}
        {tab === "edit" && <EditTab automation={data} search={search} onChange={onChange} onReload={() => void automation.refetch()} />}
      </div>
    </>
  );
}

interface EditTabProps extends Omit<AutomationPageProps, "automationId"> {
  readonly automation: Automation;
  readonly onReload: () => void;
}

function EditTab({ automation, search, onChange, onReload }: EditTabProps) {
  // The draft stands on what was read when the tab opened, or when somebody asked to start over.
  const [base, setBase] = useState(automation);
  const [asked, setAsked] = useState(false);
  const [drawn, setDrawn] = useState<string | null>(null);
  if (asked && automation.version !== base.version) {
    setBase(automation);
    setAsked(false);
  }
  const done = () => {
    notifications.show({ message: "Automation saved" });
    onChange({ tab: undefined });
  };
  return (
    <>
      <Editor
        key={base.version}
        start={draftOf(base)}
        // Pausing makes a version too, and changes nothing that stands here.
        changes={{ id: base.id, version: isSameRule(base, automation) ? automation.version : base.version }}
        range={search.range ?? "24h"}
        onRange={(range) => onChange({ range })}
        onSaved={({ secret }) => {
          if (secret === null) done();
          else setDrawn(secret);
        }}
        onCancel={() => onChange({ tab: undefined })}
        onReload={() => {
          setAsked(true);
          onReload();
        }}
      />
      {drawn !== null && <WebhookSecret secret={drawn} onClose={done} />}
    </>
  );
}

function isSameRule(one: Automation, other: Automation): boolean {
  const rule = ({ name, description, trigger, actions }: Automation) => JSON.stringify([name, description, trigger, actions]);
  return rule(one) === rule(other);
}

export function WebhookSecret({ secret, onClose }: { readonly secret: string; readonly onClose: () => void }) {
  return (
    <SecretDialog secret={secret} onClose={onClose}>
      Calls of this automation’s webhooks are signed with it, in the header Headway-Signature. It is shown this once and can’t be read again.
    </SecretDialog>
  );
}

function DeleteButton({ automation }: { readonly automation: Automation }) {
  const { slug: workspace } = useWorkspace();
  const client = useQueryClient();
  const navigate = useNavigate();
  const denial = useDenial("automations:write");
  const [asking, setAsking] = useState(false);
  const remove = useMutation({
    mutationFn: () => deleteAutomation(workspace, automation.id),
    onSuccess: async () => {
      await navigate({ to: paths.automations, params: { workspace } });
      void client.invalidateQueries({ queryKey: automationKeys.all(workspace) });
    },
  });
  return (
    <>
      <GuardedButton variant="default" reason={denial} leftSection={<Icon name="trash" size={13} />} onClick={() => setAsking(true)}>
        Delete
      </GuardedButton>
      <ConfirmDialog
        opened={asking}
        title="Delete this automation"
        verb="Delete automation"
        danger
        typeName={automation.name}
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate()}
        onClose={() => setAsking(false)}
      >
        It watches no longer, what it still had to do is not done, and its history goes with it. Pausing keeps the history.
      </ConfirmDialog>
    </>
  );
}
