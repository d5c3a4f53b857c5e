import { ActionIcon, Button, Group, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { FormDialog } from "@/components/ui/form-dialog";
import { Icon } from "@/components/ui/icon";
import { metricsQuery } from "@/features/metrics/api/metrics";
import { useWorkspace } from "@/lib/workspace";
import type { DashboardVariable } from "@/schema/wire/dashboards";

import { DeploymentField } from "./deployment-field";
import { LabelVariable } from "./label-variable";

interface VariablesDialogProps {
  readonly variables: readonly DashboardVariable[];
  /** `renames`: what they are called now, by what they were when this was opened. */
  readonly onDone: (variables: readonly DashboardVariable[], renames: ReadonlyMap<string, string>) => void;
  readonly onClose: () => void;
}

const MOST = 10;
const NAME = /^[a-z][a-z0-9_]{0,39}$/;

/** What all panels can be narrowed by; in queries as `{table=$table}`. */
export function VariablesDialog({ variables, onDone, onClose }: VariablesDialogProps) {
  const { slug } = useWorkspace();
  const metrics = useQuery(metricsQuery(slug));
  const [draft, setDraft] = useState(variables);
  // What each was called, beside it; of a new one nothing.
  const [names, setNames] = useState<readonly (string | null)[]>(() => variables.map(({ name }) => name));
  const renames = () => new Map(draft.flatMap(({ name }, at) => (names[at] == null || names[at] === name ? [] : [[names[at], name]])));
  const known = metrics.data?.items ?? [];
  const valuesOf = ({ metric, label = "" }: DashboardVariable) => (metrics.data === undefined ? null : (known.find(({ name }) => name === metric)?.labels[label] ?? []));
  const set = (place: number, part: Partial<DashboardVariable>) => setDraft(draft.map((each, at) => (at === place ? { ...each, ...part } : each)));
  const wrong = draft.find(({ name }) => !NAME.test(name));
  const twice = draft.find(({ name }, at) => draft.findIndex((each) => each.name === name) !== at);
  const bare = draft.find((each) => each.kind === "label" && ((each.metric ?? "") === "" || (each.label ?? "") === ""));
  const gap =
    wrong !== undefined
      ? "Names are small letters, digits and underscores, a letter first."
      : twice !== undefined
        ? `Two are called ${twice.name}.`
        : bare !== undefined
          ? `${bare.name} needs a metric and one of its labels.`
          : null;
  return (
    <FormDialog title="Variables" verb="Done" size="xl" gap={gap} busy={false} error={null} onSubmit={() => onDone(draft, renames())} onClose={onClose}>
      {draft.length === 0 && <p className="muted">None yet. A variable narrows all panels that have it: sum(rows){"{table=$table}"}.</p>}
      {draft.map((variable, place) => (
        <Group key={place} gap={8} align="flex-end" wrap="wrap" role="group" aria-label={`Variable ${place + 1}`}>
          <TextInput label="Name" w={130} value={variable.name} onChange={(event) => set(place, { name: event.currentTarget.value })} autoComplete="off" />
          <Select
            label="Stands for"
            w={150}
            allowDeselect={false}
            data={[
              { value: "label", label: "A label’s values" },
              { value: "deployment", label: "A deployment" },
            ]}
            value={variable.kind}
            onChange={(kind) => {
              const { name, title } = variable;
              const own = { name, ...(title === undefined ? {} : { title }) };
              const next: DashboardVariable = kind === "deployment" ? { ...own, kind: "deployment" } : { ...own, kind: "label", metric: "", label: "" };
              setDraft(draft.map((each, at) => (at === place ? next : each)));
            }}
          />
          {variable.kind === "label" && (
            <>
              <Select label="Metric" w={190} searchable data={known.map(({ name }) => name)} value={variable.metric ?? null} onChange={(metric) => set(place, { metric: metric ?? "", label: "" })} />
              <Select
                label="Label"
                w={140}
                data={Object.keys(known.find(({ name }) => name === variable.metric)?.labels ?? {})}
                value={variable.label ?? null}
                onChange={(label) => set(place, { label: label ?? "" })}
              />
            </>
          )}
          <TextInput label="Title" w={130} placeholder={variable.name} value={variable.title ?? ""} maxLength={120} autoComplete="off" onChange={(event) => set(place, { title: event.currentTarget.value })} />
          <div style={{ flex: "1 1 190px" }}>
            {variable.kind === "label" ? (
              <LabelVariable title="Opens with" known={valuesOf(variable)} chosen={variable.default ?? []} onOpen={() => undefined} onChange={(values) => set(place, { default: values })} />
            ) : (
              <DeploymentField label="Opens with" variables={[]} value={variable.default?.[0] ?? ""} onChange={(value) => set(place, { default: value === "" ? [] : [value] })} />
            )}
          </div>
          <ActionIcon
            size={34}
            aria-label={`Remove variable ${variable.name}`}
            onClick={() => {
              setDraft(draft.filter((_, at) => at !== place));
              setNames(names.filter((_, at) => at !== place));
            }}
          >
            <Icon name="close" size={14} />
          </ActionIcon>
        </Group>
      ))}
      {draft.length < MOST && (
        <div>
          <Button variant="subtle" leftSection={<Icon name="plus" size={13} />} onClick={() => {
              setDraft([...draft, { name: `variable_${draft.length + 1}`, kind: "label", metric: "", label: "" }]);
              setNames([...names, null]);
            }}
          >
            Add a variable
          </Button>
        </div>
      )}
    </FormDialog>
  );
}
