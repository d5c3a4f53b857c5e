import { ActionIcon, Button, Menu } from "@mantine/core";
import { useState } from "react";

import { EmptyState } from "@/components/ui/empty-state";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { PageHeader } from "@/components/ui/page-header";
import { RangePicker } from "@/components/ui/range-picker";
import { Refusal } from "@/components/ui/refusal";
import { documentOf } from "@/features/metrics/dashboards/model";
import { chosenValues } from "@/features/metrics/dashboards/variables";
import { isPreset, withPreset } from "@/lib/time";
import { plural } from "@/lib/units";
import { useDenial } from "@/lib/workspace";
import type { Dashboard } from "@/schema/wire/dashboards";

import type { DashboardPageProps } from "./dashboard-page";
import { DeleteDialog } from "./delete-dialog";
import { saveAsFile } from "./save-as-file";
import { PanelGrid } from "./panel-grid";
import { ShareDialog } from "./share-dialog";
import { useCreate } from "./use-create";
import { VariablesBar } from "./variables-bar";

interface DashboardViewProps extends Omit<DashboardPageProps, "dashboardId"> {
  readonly dashboard: Dashboard;
}

/** A dashboard as everybody sees it. Its address shows a colleague the same. */
export function DashboardView({ dashboard, search, onChange, onMade, onGone }: DashboardViewProps) {
  const denial = useDenial("telemetry:manage");
  const duplicate = useCreate(onMade);
  const [deleting, setDeleting] = useState(false);
  const [sharing, setSharing] = useState(false);
  const range = withPreset(search, dashboard.range);
  const edit = () => onChange({ edit: true });
  return (
    <>
      <PageHeader title={dashboard.name} answer={plural(dashboard.panels.length, "panel")}>
        <RangePicker value={range} onChange={({ range: preset, from, to }) => onChange({ range: preset, from, to })} />
        <GuardedButton variant="default" reason={denial} leftSection={<Icon name="edit" size={14} />} onClick={edit}>
          Edit
        </GuardedButton>
        <Button variant="default" leftSection={<Icon name="external" size={14} />} onClick={() => setSharing(true)}>
          Share
        </Button>
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="default" size={34} aria-label="More about this dashboard">
              <Icon name="more" size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<Icon name="download" size={14} />} onClick={() => saveAsFile(documentOf(dashboard))}>
              Export JSON
            </Menu.Item>
            <Menu.Item
              leftSection={<Icon name="copy" size={14} />}
              disabled={denial !== null || duplicate.isPending}
              onClick={() => duplicate.mutate({ ...documentOf(dashboard), name: `${dashboard.name} (copy)`.slice(0, 120) })}
            >
              Duplicate{denial === null ? "" : ` (${denial})`}
            </Menu.Item>
            <Menu.Item color="red" leftSection={<Icon name="trash" size={14} />} disabled={denial !== null} onClick={() => setDeleting(true)}>
              Delete{denial === null ? "" : ` (${denial})`}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </PageHeader>
      {duplicate.isError && <Refusal error={duplicate.error} />}
      <VariablesBar variables={dashboard.variables} chosen={search.v ?? []} onChange={(v) => onChange({ v })} />
      {dashboard.panels.length === 0 ? (
        <EmptyState
          icon="dashboards"
          title="No panels yet"
          action={
            <GuardedButton reason={denial} onClick={edit}>
              Add panels
            </GuardedButton>
          }
        >
          Charts of metrics, heat maps, single numbers, runs, events, logs and notes, side by side.
        </EmptyState>
      ) : (
        <PanelGrid
          panels={dashboard.panels}
          variables={dashboard.variables}
          range={range}
          chosen={chosenValues(dashboard.variables, search.v ?? [])}
          onZoom={(from, to) => onChange({ range: undefined, from: new Date(from).toISOString(), to: new Date(to).toISOString() })}
        />
      )}
      {sharing && (
        <ShareDialog
          dashboard={dashboard}
          range={isPreset(range.range) ? range.range : dashboard.range}
          chosen={chosenValues(dashboard.variables, search.v ?? [])}
          onClose={() => setSharing(false)}
        />
      )}
      {deleting && <DeleteDialog dashboard={dashboard} onGone={onGone} onClose={() => setDeleting(false)} />}
    </>
  );
}
