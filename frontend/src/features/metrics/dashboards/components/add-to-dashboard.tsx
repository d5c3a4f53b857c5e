import { Select, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { FormDialog } from "@/components/ui/form-dialog";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { addPanels, dashboardKeys, dashboardsQuery } from "@/features/metrics/dashboards/api";
import { draftsOfPage } from "@/features/metrics/dashboards/panel-draft";
import type { MetricsSearch } from "@/features/metrics/search";
import { plural } from "@/lib/units";
import { useDenial, useWorkspace } from "@/lib/workspace";

/** Keeps what the page of metrics shows, as panels below what a dashboard has. */
export function AddToDashboard({ search }: { readonly search: MetricsSearch }) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <GuardedButton variant="default" size="xs" reason={useDenial("telemetry:manage")} leftSection={<Icon name="dashboards" size={13} />} onClick={() => setAsking(true)}>
        Add to dashboard
      </GuardedButton>
      {asking && <AddDialog search={search} onClose={() => setAsking(false)} />}
    </>
  );
}

const MOST = 200; // characters of a title

function AddDialog({ search, onClose }: { readonly search: MetricsSearch; readonly onClose: () => void }) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const dashboards = useQuery(dashboardsQuery(slug));
  const rows = dashboards.data?.items ?? [];
  const [picked, setPicked] = useState<string | null>(null);
  const [title, setTitle] = useState("");
  const drafts = draftsOfPage(search);
  const [only] = drafts.length === 1 ? drafts : [];
  const id = picked ?? rows[0]?.id ?? null;
  const add = useMutation({
    mutationFn: (to: string) =>
      addPanels(slug, to, only !== undefined && title.trim() !== "" ? [{ ...only, title }] : drafts.map((draft) => ({ ...draft, title: draft.title.slice(0, MOST) }))),
    onSuccess: (saved) => {
      void client.invalidateQueries({ queryKey: dashboardKeys.all(slug) });
      notifications.show({ message: `Added to ${saved.name}` });
      onClose();
    },
  });
  return (
    <FormDialog
      title="Add to a dashboard"
      verb="Add"
      gap={id === null ? (dashboards.isPending ? "The dashboards are on their way." : "There is no dashboard yet.") : null}
      busy={add.isPending}
      error={add.error ?? dashboards.error}
      onSubmit={() => {
        if (id !== null) add.mutate(id);
      }}
      onClose={onClose}
    >
      <Select label="Dashboard" data={rows.map((row) => ({ value: row.id, label: row.name }))} value={id} allowDeselect={false} searchable={rows.length > 8} onChange={setPicked} />
      {only === undefined ? (
        <p className="muted">{plural(drafts.length, "panel")}, one for each query.</p>
      ) : (
        <TextInput label="Title" placeholder={only.title.slice(0, MOST)} value={title} maxLength={MOST} autoComplete="off" onChange={(event) => setTitle(event.currentTarget.value)} />
      )}
    </FormDialog>
  );
}
