import { Button, Textarea, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useBlocker } from "@tanstack/react-router";
import { useRef, useState } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Panel } from "@/components/ui/panel";
import { automationKeys, changeAutomation, createAutomation, previewQuery } from "@/features/automations/api/automations";
import { eventNames } from "@/features/automations/api/choices";
import { ActionsEditor } from "@/features/automations/components/actions-editor";
import { PreviewPanel } from "@/features/automations/components/preview-panel";
import { TriggerFields } from "@/features/automations/components/trigger-fields";
import { draftFaults, faultsAt, placelessFaults, triggerOf, wireAction, type Draft } from "@/features/automations/draft";
import { knownFields } from "@/features/automations/model";
import { asApiError } from "@/lib/errors";
import type { Preset } from "@/lib/time";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { Automation, Trigger } from "@/schema/wire/automations";

import styles from "./automations.module.css";

interface EditorProps {
  readonly start: Draft;
  /** The one to change, by the version that the draft was made from; null for a new one. */
  readonly changes: { readonly id: string; readonly version: number } | null;
  readonly range: Preset;
  readonly onRange: (range: Preset) => void;
  readonly onSaved: (automation: Automation) => void;
  readonly onCancel: () => void;
  /** Somebody else changed it meanwhile: start over from theirs. */
  readonly onReload: () => void;
}

const SETTLE_MS = 400;

function tabOf(search: unknown): unknown {
  return (search as { readonly tab?: string }).tab;
}

/** A rule as a sentence, beside what it would have done. */
export function Editor({ start, changes, range, onRange, onSaved, onCancel, onReload }: EditorProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const denial = useDenial("automations:write");
  const [began] = useState(start);
  const [draft, setDraft] = useState(began);
  const saved = useRef(false);
  const [tried, setTried] = useState(false);
  const trigger = triggerOf(draft);
  const [settled] = useDebouncedValue(JSON.stringify(trigger), SETTLE_MS);
  const preview = useQuery(previewQuery(slug, JSON.parse(settled) as Trigger | null, range));
  const names = useQuery(eventNames(slug));
  const save = useMutation({
    mutationFn: () => {
      const body = { name: draft.name.trim(), description: draft.description, trigger, actions: draft.actions.map(wireAction) };
      return changes === null ? createAutomation(slug, body) : changeAutomation(slug, changes.id, { ...body, version: changes.version });
    },
    onSuccess: (automation) => {
      saved.current = true;
      client.setQueryData(automationKeys.one(slug, automation.id), { ...automation, secret: null });
      void client.invalidateQueries({ queryKey: automationKeys.all(slug) });
      onSaved(automation);
    },
  });
  const refusal = save.error === null ? null : asApiError(save.error);
  const objection = preview.error === null || trigger === null ? null : asApiError(preview.error);
  const missing = draftFaults(draft);
  const faults = { ...(tried ? missing : {}), ...objection?.fields, ...refusal?.fields };
  const change = (part: Partial<Draft>) => {
    setDraft({ ...draft, ...part });
    if (!save.isIdle) save.reset();
  };
  const mayBeLost = () => !saved.current && JSON.stringify(draft) !== JSON.stringify(began);
  const leaving = useBlocker({
    shouldBlockFn: ({ current, next }) => mayBeLost() && (current.pathname !== next.pathname || tabOf(current.search) !== tabOf(next.search)),
    enableBeforeUnload: mayBeLost,
    withResolver: true,
  });
  const outdated = refusal?.code === "automation_changed";
  const placeless = placelessFaults(refusal?.fields ?? {});
  return (
    <div className={styles["columns"]}>
      <form
        className={styles["stack"]}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (denial === null && Object.keys(missing).length === 0) save.mutate();
        }}
      >
        <TextInput
          label="Name"
          placeholder="Orders are late"
          value={draft.name}
          onChange={(event) => change({ name: event.currentTarget.value })}
          error={faultsAt(faults, "name")}
        />
        <Panel title="When">
          <TriggerFields draft={draft} names={names.data ?? []} fields={knownFields(preview.data?.events ?? [])} faults={faults} onChange={change} />
        </Panel>
        <Panel title="Then">
          <ActionsEditor actions={draft.actions} hasEvent={draft.kind === "event" || draft.kind === "after"} faults={faults} onChange={(actions) => change({ actions })} />
        </Panel>
        <Textarea
          label="Description"
          description="Why it is there, and what to do when it fires; messages can quote it"
          autosize
          minRows={2}
          maxRows={8}
          value={draft.description}
          onChange={(event) => change({ description: event.currentTarget.value })}
          error={faultsAt(faults, "description")}
        />
        {refusal !== null && (
          <div className={styles["refusal"]} role="alert">
            <p>
              {refusal.message} {placeless.join(" ")}
            </p>
            {outdated && (
              <Button variant="default" size="xs" onClick={onReload}>
                Start over from the present one
              </Button>
            )}
          </div>
        )}
        {tried && Object.keys(missing).length > 0 && (
          <p className={styles["wrong"]} role="alert">
            {Object.values(missing).flat().join(" ")}
          </p>
        )}
        <div className={styles["buttons"]}>
          <GuardedButton reason={denial} loading={save.isPending}>
            {changes === null ? "Create automation" : "Save automation"}
          </GuardedButton>
          <Button variant="default" onClick={onCancel}>
            Back
          </Button>
          <span className="muted">{denial !== null ? denial : changes === null ? draft.kind === "metric" ? "It looks from the moment it is made." : "It counts events from the moment it is made." : "Another “when” begins to count anew."}</span>
        </div>
      </form>
      <ConfirmDialog
        opened={leaving.status === "blocked"}
        title="Leave without saving"
        verb="Leave"
        danger
        busy={false}
        error={null}
        back="Go on writing"
        onConfirm={() => leaving.proceed?.()}
        onClose={() => leaving.reset?.()}
      >
        {changes === null ? "The automation has not been made yet; what you wrote is lost." : "What you changed is lost; the rule stays as it is."}
      </ConfirmDialog>
      <div className={styles["beside"]}>
        <PreviewPanel query={preview} trigger={trigger} range={range} onRange={onRange} />
      </div>
    </div>
  );
}
