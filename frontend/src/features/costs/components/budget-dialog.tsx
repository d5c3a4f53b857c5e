import { Autocomplete, SegmentedControl, Select, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { fieldError, FormDialog } from "@/components/ui/form-dialog";
import { budgetChannels, budgetPreviewQuery, costKeys, createBudget, deploymentsWithCosts, modelsWithCosts, teamsOfAccount } from "@/features/costs/api/costs";
import { budgetGap, budgetPreviewText, emptyBudget, OF_WORDS, OFS, wireBudget, type BudgetDraft, type BudgetOf } from "@/features/costs/budget-draft";
import { useNow } from "@/lib/now";
import { useDenial, useWorkspace } from "@/lib/workspace";

import styles from "./costs.module.css";

const TYPING_MS = 300;
const SHOWN = ["name", "amount", "currency", "deployment_id", "team_id", "model", "channel_id"];

/** How much a month may cost, of whom, and where it is told; and what that would have meant lately. */
export function BudgetDialog({ onClose }: { readonly onClose: () => void }) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const [draft, setDraft] = useState(emptyBudget);
  const change = (part: Partial<BudgetDraft>) => setDraft((before) => ({ ...before, ...part }));
  const save = useMutation({
    mutationFn: () => createBudget(slug, wireBudget(draft)),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: costKeys.all(slug) });
      onClose();
    },
  });
  return (
    <FormDialog title="Set a budget" verb="Set budget" gap={budgetGap(draft)} busy={save.isPending} error={save.error} shown={SHOWN} onSubmit={() => save.mutate()} onClose={onClose}>
      <TextInput label="Name" value={draft.name} maxLength={120} error={fieldError(save.error, "name")} onChange={(event) => change({ name: event.currentTarget.value })} data-autofocus />
      <OfFields draft={draft} error={save.error} onChange={change} />
      <div className={styles["pair"]}>
        <TextInput label="A month may cost" value={draft.amount} inputMode="decimal" error={fieldError(save.error, "amount")} onChange={(event) => change({ amount: event.currentTarget.value })} />
        <TextInput label="Currency" value={draft.currency} maxLength={3} error={fieldError(save.error, "currency")} onChange={(event) => change({ currency: event.currentTarget.value.toUpperCase() })} />
      </div>
      <ChannelField draft={draft} error={save.error} onChange={change} />
      <WouldHave draft={draft} />
    </FormDialog>
  );
}

interface FieldsProps {
  readonly draft: BudgetDraft;
  readonly error: unknown;
  readonly onChange: (part: Partial<BudgetDraft>) => void;
}

function OfFields({ draft, error, onChange }: FieldsProps) {
  return (
    <>
      <SegmentedControl aria-label="Of what" size="xs" data={OFS.map((value) => ({ value, label: OF_WORDS[value] }))} value={draft.of} onChange={(of) => onChange({ of: of as BudgetOf, value: "" })} />
      {draft.of === "deployment" && <DeploymentField draft={draft} error={error} onChange={onChange} />}
      {draft.of === "team" && <TeamField draft={draft} error={error} onChange={onChange} />}
      {draft.of === "model" && <ModelField draft={draft} error={error} onChange={onChange} />}
    </>
  );
}

function DeploymentField({ draft, error, onChange }: FieldsProps) {
  const { slug } = useWorkspace();
  const { data } = useQuery(deploymentsWithCosts(slug));
  return (
    <Select
      label="Deployment"
      placeholder="flow/deployment"
      searchable
      nothingFoundMessage="No such deployment"
      data={(data?.items ?? []).map(({ id, flow, name }) => ({ value: id, label: `${flow.name}/${name}` }))}
      value={draft.value === "" ? null : draft.value}
      error={fieldError(error, "deployment_id")}
      onChange={(value) => onChange({ value: value ?? "" })}
    />
  );
}

function TeamField({ draft, error, onChange }: FieldsProps) {
  const { account } = useWorkspace();
  const { data } = useQuery(teamsOfAccount(account.id));
  return (
    <Select
      label="Team"
      description="What its deployments cost: those that it is the first team to own."
      placeholder="a team"
      searchable
      nothingFoundMessage="No such team"
      data={(data?.items ?? []).map(({ id, name }) => ({ value: id, label: name }))}
      value={draft.value === "" ? null : draft.value}
      error={fieldError(error, "team_id")}
      onChange={(value) => onChange({ value: value ?? "" })}
    />
  );
}

function ModelField({ draft, error, onChange }: FieldsProps) {
  const { slug } = useWorkspace();
  const { data } = useQuery(modelsWithCosts(slug, useNow()));
  return (
    <Autocomplete label="Model" description="As calls name it: gpt-4o. Each name is a model." maxLength={200} data={data ?? []} value={draft.value} error={fieldError(error, "model")} onChange={(value) => onChange({ value })} />
  );
}

function ChannelField({ draft, error, onChange }: FieldsProps) {
  const { slug } = useWorkspace();
  const denial = useDenial("channels:read");
  const { data } = useQuery({ ...budgetChannels(slug), enabled: denial === null });
  return (
    <Select
      label="Tell it in"
      description={denial ?? "What else is to be done then, its automation says."}
      placeholder="no channel"
      disabled={denial !== null}
      clearable
      clearButtonProps={{ "aria-label": "No channel" }}
      data={(data?.items ?? []).map(({ id, name }) => ({ value: id, label: name }))}
      value={draft.channel}
      error={fieldError(error, "channel_id")}
      onChange={(channel) => onChange({ channel })}
    />
  );
}

/** In which of the last months it would have been reached. */
function WouldHave({ draft }: { readonly draft: BudgetDraft }) {
  const { slug } = useWorkspace();
  const [typed] = useDebouncedValue(draft, TYPING_MS);
  const ready = budgetGap({ ...typed, name: "a" }) === null;
  const { data, isError } = useQuery({ ...budgetPreviewQuery(slug, wireBudget(typed)), enabled: ready });
  if (!ready) return <p className="muted">Say of what and how much, and what it would have meant in the last months shows here.</p>;
  if (isError) return <p className="muted">What it would have meant could not be read.</p>;
  return (
    <p className="muted" aria-live="polite">
      {data === undefined ? "…" : budgetPreviewText(data.months, typed.currency)}
    </p>
  );
}
