import { MultiSelect, Select, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { FormDialog } from "@/components/ui/form-dialog";
import { metricsQuery } from "@/features/metrics/api/metrics";
import { COMPARE_WORDS, COMPARES, type Compare } from "@/features/metrics/asked";
import { bottomOf } from "@/features/metrics/dashboards/grid";
import { freeId, KIND_WORDS } from "@/features/metrics/dashboards/model";
import { draftOf, lettersOf, panelOf, shownLetter, type PanelDraft } from "@/features/metrics/dashboards/panel-draft";
import { unknownVariables } from "@/features/metrics/dashboards/variables";
import { usualAggregate } from "@/features/metrics/model";
import { parseMetricQuery } from "@/features/metrics/sentence";
import { kindOfType, kindWord, STACK_ORDER } from "@/lib/run-state";
import { oneOf } from "@/lib/search-params";
import { useWorkspace } from "@/lib/workspace";
import type { DashboardPanel, DashboardVariable, PanelKind } from "@/schema/wire/dashboards";

import { DeploymentField } from "./deployment-field";

interface PanelDialogProps {
  /** null: a new one. */
  readonly panel: DashboardPanel | null;
  readonly panels: readonly DashboardPanel[];
  readonly variables: readonly DashboardVariable[];
  readonly onDone: (panel: DashboardPanel) => void;
  readonly onClose: () => void;
}

const KINDS = Object.keys(KIND_WORDS) as PanelKind[];
const LOG_LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] as const;
const OVER = [
  { value: "range", label: "The whole range" },
  { value: "step", label: "Its last step" },
];
const VIEWS = [
  { value: "list", label: "A list of the newest" },
  { value: "histogram", label: "How many, over time" },
];

const OF_EVENTS = { description: "As in the search of events; $ and the name of a variable for what is chosen", placeholder: "resource:$table -source:sdk" };
const SEARCHED: Readonly<Partial<Record<PanelKind, { readonly label: string; readonly description: string; readonly placeholder: string }>>> = {
  chart: { label: "Mark only events that fit", ...OF_EVENTS },
  events: { label: "Only events that fit", ...OF_EVENTS },
  logs: { label: "Only lines that fit", description: "As in the search of logs; $ and the name of a variable for what is chosen", placeholder: '"timed out" logger:etl.*' },
};

/** What a panel shows. Where it stands is changed on the grid. */
export function PanelDialog({ panel, panels, variables, onDone, onClose }: PanelDialogProps) {
  const { slug } = useWorkspace();
  const metrics = useQuery(metricsQuery(slug));
  const [draft, setDraft] = useState<PanelDraft>(() => draftOf(panel));
  const set = (part: Partial<PanelDraft>) => setDraft({ ...draft, ...part });
  const place = panel ?? { id: freeId(panels, draft.kind), x: 0, y: bottomOf(panels), w: draft.kind === "number" ? 3 : 6, h: draft.kind === "number" ? 3 : 5 };
  const made = panelOf(draft, place);
  const [missed] = typeof made === "string" ? [] : unknownVariables(made, variables);
  const gap = typeof made === "string" ? made : missed === undefined ? null : `There is no variable ${missed}.`;
  const known = metrics.data?.items ?? [];
  const searched = SEARCHED[draft.kind];
  const asks = draft.kind === "chart" || draft.kind === "number";
  return (
    <FormDialog
      title={panel === null ? "Add a panel" : "Edit the panel"}
      verb={panel === null ? "Add it" : "Done"}
      size="lg"
      gap={gap}
      busy={false}
      error={null}
      onSubmit={() => {
        if (typeof made !== "string") onDone(made);
      }}
      onClose={onClose}
    >
      <Select
        label="Shows"
        allowDeselect={false}
        data={KINDS.map((kind) => ({ value: kind, label: KIND_WORDS[kind] }))}
        value={draft.kind}
        onChange={(value) => set({ kind: oneOf(value, KINDS) ?? draft.kind })}
      />
      <TextInput label="Title" value={draft.title} maxLength={200} autoComplete="off" onChange={(event) => set({ title: event.currentTarget.value })} />
      {(asks || draft.kind === "heat_map") && (
        <Select
          label={draft.kind === "heat_map" ? "Metric" : "Add a query of"}
          placeholder="A metric"
          searchable
          data={known.map(({ name }) => name)}
          value={draft.kind === "heat_map" ? (parseMetricQuery(draft.texts.split("\n")[0] ?? "")?.name ?? null) : null}
          onChange={(name) => {
            const metric = known.find((each) => each.name === name);
            if (metric === undefined) return;
            const text = `${usualAggregate(metric)}(${metric.name})`;
            set({ texts: draft.kind === "heat_map" || draft.texts.trim() === "" ? text : `${draft.texts.trimEnd()}\n${text}` });
          }}
        />
      )}
      {(asks || draft.kind === "heat_map") && (
        <Textarea
          label={draft.kind === "heat_map" ? "Query" : "Queries and formulas, one in a line"}
          description="As in the address of the page of metrics: p95(task.duration){table=$table} by table, = A / B * 100"
          autosize
          minRows={3}
          spellCheck={false}
          classNames={{ input: "mono" }}
          value={draft.texts}
          onChange={(event) => set({ texts: event.currentTarget.value })}
        />
      )}
      {asks && (
        <Select
          label="Compare with"
          clearable
          placeholder="Nothing"
          data={(Object.keys(COMPARES) as Compare[]).map((each) => ({ value: each, label: COMPARE_WORDS[each] }))}
          value={draft.compare ?? null}
          onChange={(value) => set({ compare: oneOf(value, Object.keys(COMPARES) as Compare[]) })}
        />
      )}
      {draft.kind === "number" && lettersOf(draft).length > 1 && (
        <Select
          label="The number is"
          allowDeselect={false}
          data={lettersOf(draft).map(({ letter, text }) => ({ value: letter, label: `${letter}: ${text}` }))}
          value={shownLetter(draft) ?? null}
          onChange={(value) => set({ show: value ?? undefined })}
        />
      )}
      {draft.kind === "number" && (
        <Select label="Of" allowDeselect={false} data={OVER} value={draft.over} onChange={(value) => set({ over: value === "step" ? "step" : "range" })} />
      )}
      {draft.kind === "chart" && (
        <TextInput label="Mark events" description="Named so" placeholder="deploy.*" value={draft.events} maxLength={200} autoComplete="off" onChange={(event) => set({ events: event.currentTarget.value })} />
      )}
      {(draft.kind === "runs" || draft.kind === "events") && (
        <Select label="As" allowDeselect={false} data={VIEWS} value={draft.view} onChange={(value) => set({ view: value === "histogram" ? "histogram" : "list" })} />
      )}
      {draft.kind === "runs" && (
        <MultiSelect
          label="Only runs that are"
          placeholder={draft.states.length === 0 ? "In any state" : ""}
          data={STACK_ORDER.map((type) => ({ value: type, label: kindWord(kindOfType(type)) }))}
          value={[...draft.states]}
          onChange={(states) => set({ states })}
        />
      )}
      {draft.kind === "events" && (
        <TextInput label="Only events named" placeholder="table.*" value={draft.events} maxLength={200} autoComplete="off" onChange={(event) => set({ events: event.currentTarget.value })} />
      )}
      {searched !== undefined && (
        <TextInput
          label={searched.label}
          description={searched.description}
          placeholder={searched.placeholder}
          value={draft.search}
          maxLength={1_000}
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => set({ search: event.currentTarget.value })}
        />
      )}
      {draft.kind === "logs" && (
        <Select label="From level" clearable placeholder="Any" data={[...LOG_LEVELS]} value={draft.level ?? null} onChange={(value) => set({ level: oneOf(value, LOG_LEVELS) })} />
      )}
      {(draft.kind === "runs" || searched !== undefined) && (
        <DeploymentField label={draft.kind === "chart" ? "Mark only events of runs of" : "Of runs of"} variables={variables} value={draft.deployment} onChange={(deployment) => set({ deployment })} />
      )}
      {draft.kind === "text" && (
        <Textarea
          label="Text"
          description="# heading, **strong**, *emphasised*, `code`, - list, [link](https://…)"
          autosize
          minRows={6}
          maxLength={10_000}
          value={draft.markdown}
          onChange={(event) => set({ markdown: event.currentTarget.value })}
        />
      )}
      {missed !== undefined && <p role="alert">There is no variable {missed}. Those that there are: {variables.length === 0 ? "none" : variables.map(({ name }) => `$${name}`).join(", ")}.</p>}
    </FormDialog>
  );
}
