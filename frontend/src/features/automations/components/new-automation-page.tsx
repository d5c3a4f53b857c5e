import { notifications } from "@mantine/notifications";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { PageHeader } from "@/components/ui/page-header";
import { paths } from "@/config/paths";
import { WebhookSecret } from "@/features/automations/components/automation-page";
import { Editor } from "@/features/automations/components/editor";
import { emptyDraft } from "@/features/automations/draft";
import type { NewAutomationSearch } from "@/features/automations/model";
import { useWorkspace } from "@/lib/workspace";
import type { Automation } from "@/schema/wire/automations";

import styles from "./automations.module.css";

interface NewAutomationPageProps {
  readonly search: NewAutomationSearch;
  readonly onChange: (change: Partial<NewAutomationSearch>) => void;
}

export function NewAutomationPage({ search, onChange }: NewAutomationPageProps) {
  const { slug: workspace } = useWorkspace();
  const navigate = useNavigate();
  const [made, setMade] = useState<Automation | null>(null);
  const open = ({ id }: Automation) => {
    notifications.show({ message: "It watches from now on" });
    void navigate({ to: paths.automation, params: { workspace, automationId: id } });
  };
  return (
    <>
      <nav className={styles["crumbs"]} aria-label="Where you are">
        <Link to={paths.automations} params={{ workspace }} className="link">
          Automations
        </Link>
      </nav>
      <PageHeader title="New automation" answer="One sentence: when something happens, or fails to, do this." />
      {search.left !== undefined && (
        <p role="note" className="muted">
          A trigger can&rsquo;t ask for everything that the filter did. Left out: <span className="mono">{search.left.join(" ")}</span>
        </p>
      )}
      <Editor
        start={emptyDraft(search)}
        changes={null}
        range={search.range ?? "24h"}
        onRange={(range) => onChange({ range })}
        onSaved={(automation) => {
          if (automation.secret === null) open(automation);
          else setMade(automation);
        }}
        onCancel={() => void navigate({ to: paths.automations, params: { workspace } })}
        onReload={() => undefined}
      />
      {made !== null && made.secret !== null && <WebhookSecret secret={made.secret} onClose={() => open(made)} />}
    </>
  );
}
