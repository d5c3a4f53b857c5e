import { Button, Select, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useBlocker } from "@tanstack/react-router";
import { useRef, useState } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { EmptyState } from "@/components/ui/empty-state";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { PageHeader } from "@/components/ui/page-header";
import { Refusal } from "@/components/ui/refusal";
import { dashboardKeys, dashboardQuery, saveDashboard } from "@/features/metrics/dashboards/api";
import { bottomOf, closeGaps } from "@/features/metrics/dashboards/grid";
import { documentOf, freeId, type DashboardSearch } from "@/features/metrics/dashboards/model";
import { chosenValues, withRenamed } from "@/features/metrics/dashboards/variables";
import { asApiError } from "@/lib/errors";
import { PRESET_LABELS, PRESETS, isPreset, withPreset } from "@/lib/time";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { Dashboard, DashboardDocument, DashboardPanel } from "@/schema/wire/dashboards";

import styles from "./dashboards.module.css";
import { FaultsList } from "./faults-list";
import { PanelDialog } from "./panel-dialog";
import { PanelGrid } from "./panel-grid";
import { saveAsFile } from "./save-as-file";
import { VariablesDialog } from "./variables-dialog";

interface DashboardEditorProps {
  readonly dashboard: Dashboard;
  readonly search: DashboardSearch;
  readonly onChange: (change: Partial<DashboardSearch>) => void;
}

function isEdited(search: unknown): boolean {
  return (search as DashboardSearch).edit === true;
}

/** Changes are kept here until they are saved, over the version that they were made of. */
export function DashboardEditor({ dashboard, search, onChange }: DashboardEditorProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const denial = useDenial("telemetry:manage");
  const [draft, setDraft] = useState<DashboardDocument>(() => documentOf(dashboard));
  // The list is asked for anew in the background: what is saved over is what was read at first.
  const [version, setVersion] = useState(dashboard.version);
  const [asking, setAsking] = useState<{ readonly panel: DashboardPanel | null } | "variables" | null>(null);
  const [began, setBegan] = useState(() => JSON.stringify(draft));
  const saved = useRef(false);
  const mayBeLost = () => !saved.current && JSON.stringify(draft) !== began;
  const leaving = useBlocker({
    shouldBlockFn: ({ current, next }) => mayBeLost() && (current.pathname !== next.pathname || !isEdited(next.search)),
    enableBeforeUnload: mayBeLost,
    withResolver: true,
  });
  const done = () => onChange({ edit: undefined });
  const save = useMutation({
    mutationFn: () => saveDashboard(slug, dashboard.id, version, draft),
    onSuccess: (stored) => {
      saved.current = true;
      client.setQueryData(dashboardKeys.one(slug, stored.id), stored);
      void client.invalidateQueries({ queryKey: dashboardKeys.list(slug) });
      done();
    },
  });
  const change = (part: Partial<DashboardDocument>) => setDraft({ ...draft, ...part });
  const conflict = save.isError && asApiError(save.error).code === "dashboard_changed";
  const loadTheirs = async () => {
    const theirs = await client.fetchQuery({ ...dashboardQuery(slug, dashboard.id), staleTime: 0 });
    setDraft(documentOf(theirs));
    setBegan(JSON.stringify(documentOf(theirs)));
    setVersion(theirs.version);
    save.reset();
  };
  const put = (panel: DashboardPanel) => {
    const there = draft.panels.some(({ id }) => id === panel.id);
    change({ panels: there ? draft.panels.map((each) => (each.id === panel.id ? panel : each)) : [...draft.panels, panel] });
    setAsking(null);
  };
  return (
    <>
      <PageHeader title={`Edit ${dashboard.name}`}>
        <Button variant="default" onClick={done}>
          Discard changes
        </Button>
        <GuardedButton reason={denial ?? (draft.name.trim() === "" ? "It needs a name." : null)} loading={save.isPending} onClick={() => save.mutate()}>
          Save
        </GuardedButton>
      </PageHeader>
      {save.isError && <Refusal error={save.error} />}
      {save.isError && <FaultsList fields={asApiError(save.error).fields} panels={draft.panels} />}
      {conflict && (
        <div className={styles["tools"]}>
          <Button variant="default" onClick={() => void loadTheirs()}>
            Load what was saved, drop mine
          </Button>
          <Button variant="default" onClick={() => saveAsFile(draft)}>
            Export mine as JSON
          </Button>
        </div>
      )}
      <div className={styles["tools"]}>
        <TextInput label="Name" value={draft.name} maxLength={120} onChange={(event) => change({ name: event.currentTarget.value })} autoComplete="off" />
        <Select
          label="Opens with"
          allowDeselect={false}
          data={PRESETS.map((preset) => ({ value: preset, label: PRESET_LABELS[preset] }))}
          value={draft.range}
          onChange={(value) => {
            if (isPreset(value)) change({ range: value });
          }}
        />
        <Button variant="default" leftSection={<Icon name="plus" size={14} />} onClick={() => setAsking({ panel: null })}>
          Add a panel
        </Button>
        <Button variant="default" onClick={() => setAsking("variables")}>
          Variables ({draft.variables.length})
        </Button>
        <Button variant="default" onClick={() => change({ panels: closeGaps(draft.panels) })}>
          Close gaps
        </Button>
      </div>
      {draft.panels.length === 0 && (
        <EmptyState icon="dashboards" title="No panels yet">
          Add one: charts of metrics, heat maps, single numbers, runs, events, logs and notes.
        </EmptyState>
      )}
      <PanelGrid
        panels={draft.panels}
        variables={draft.variables}
        range={withPreset(search, draft.range)}
        chosen={chosenValues(draft.variables, search.v ?? [])}
        onZoom={() => undefined}
        edits={{
          onPlace: (panels) => change({ panels }),
          onEdit: (panel) => setAsking({ panel }),
          onDuplicate: (panel) => change({ panels: [...draft.panels, { ...panel, id: freeId(draft.panels, panel.kind), y: bottomOf(draft.panels) }] }),
          onRemove: (panel) => change({ panels: draft.panels.filter(({ id }) => id !== panel.id) }),
        }}
      />
      <ConfirmDialog
        opened={leaving.status === "blocked"}
        title="Leave without saving"
        verb="Leave"
        danger
        busy={false}
        error={null}
        back="Go on editing"
        onConfirm={() => leaving.proceed?.()}
        onClose={() => leaving.reset?.()}
      >
        What you changed is lost; the dashboard stays as it was saved.
      </ConfirmDialog>
      {asking === "variables" && (
        <VariablesDialog
          variables={draft.variables}
          onDone={(variables, renames) => {
            change({ variables, panels: draft.panels.map((panel) => withRenamed(panel, renames)) });
            setAsking(null);
          }}
          onClose={() => setAsking(null)}
        />
      )}
      {asking !== null && asking !== "variables" && <PanelDialog panel={asking.panel} panels={draft.panels} variables={draft.variables} onDone={put} onClose={() => setAsking(null)} />}
    </>
  );
}
