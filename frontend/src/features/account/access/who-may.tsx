import { SegmentedControl } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ErrorState } from "@/components/ui/error-state";
import { FormDialog } from "@/components/ui/form-dialog";
import { GuardedButton } from "@/components/ui/guarded-button";
import { GuardedIcon } from "@/components/ui/guarded-icon";
import { Icon } from "@/components/ui/icon";
import { Panel } from "@/components/ui/panel";
import { Refusal } from "@/components/ui/refusal";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { addRule, dropRule, rulesQuery } from "@/features/account/api/grants";
import { accountKeys } from "@/features/account/api/keys";
import { SUBJECT_WORDS } from "@/features/account/model";
import { SubjectSelect } from "@/features/account/ui/subject-select";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { ObjectRule, RuleKind, SubjectKind } from "@/schema/wire/account";

import styles from "../ui/account.module.css";

interface WhoMayProps {
  readonly kind: Exclude<RuleKind, "BLOCK">;
  readonly id: string;
  readonly name: string;
}

/** What can be narrowed of an object, the first one named by the panel. */
const SCOPES = {
  DEPLOYMENT: [
    { scope: "runs:write", title: "Who may run this", open: "Everybody whose role may start runs." },
    { scope: "deployments:write", title: "Who may change this", open: "Everybody whose role may change deployments." },
  ],
  POOL: [
    { scope: "runs:write", title: "Who may run here", open: "Everybody whose role may start runs." },
    { scope: "pools:write", title: "Who may change this pool", open: "Everybody whose role may change pools." },
  ],
} as const satisfies Record<WhoMayProps["kind"], readonly { scope: string; title: string; open: string }[]>;

/** Rules that keep an object for named people, teams and service accounts; without one, roles alone decide. */
export function WhoMay({ kind, id, name }: WhoMayProps) {
  const { slug } = useWorkspace();
  const rules = useQuery(rulesQuery(slug, { kind, id }));
  const [adding, setAdding] = useState<string | null>(null);
  const denial = useDenial("roles:manage");
  if (rules.isPending) {
    return (
      <Panel title={SCOPES[kind][0].title} flush>
        <SkeletonRows rows={1} label="rules" />
      </Panel>
    );
  }
  if (rules.isError) {
    return (
      <Panel title={SCOPES[kind][0].title} flush>
        <ErrorState error={rules.error} what="rules" onRetry={() => void rules.refetch()} />
      </Panel>
    );
  }
  return (
    <>
      {SCOPES[kind].map(({ scope, title, open }) => {
        const own = rules.data.items.filter((rule) => rule.scope === scope);
        return (
          <Panel
            key={scope}
            title={title}
            flush
            aside={
              <GuardedButton variant="default" reason={denial} leftSection={<Icon name="plus" size={13} />} onClick={() => setAdding(scope)}>
                {own.length === 0 ? "Narrow" : "Add"}
              </GuardedButton>
            }
          >
            {own.length === 0 ? (
              <p className="muted" style={{ margin: 0, padding: 12, fontSize: 13 }}>
                {open}
              </p>
            ) : (
              <RuleLines rules={own} denial={denial} />
            )}
          </Panel>
        );
      })}
      {adding !== null && <AddRuleDialog kind={kind} id={id} name={name} scope={adding} taken={rules.data.items.filter((rule) => rule.scope === adding)} onClose={() => setAdding(null)} />}
    </>
  );
}

function RuleLines({ rules, denial }: { readonly rules: readonly ObjectRule[]; readonly denial: string | null }) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const drop = useMutation({
    mutationFn: (id: string) => dropRule(slug, id),
    onSuccess: () => Promise.all([client.invalidateQueries({ queryKey: accountKeys.access(slug) }), client.invalidateQueries({ queryKey: ["deployments", slug] }), client.invalidateQueries({ queryKey: ["pools", slug] })]),
  });
  return (
    <>
      {rules.map((rule) => (
        <div key={rule.id} className={styles["line"]}>
          <Icon name="lock" size={13} />
          <span className={styles["grow"]}>
            {rule.kind === "owners" ? (
              "Only owners"
            ) : (
              <>
                Only {SUBJECT_WORDS[rule.kind].toLowerCase()} <strong>{rule.name}</strong>
              </>
            )}
          </span>
          <GuardedIcon icon="trash" label={rules.length === 1 ? "Take away: open for every role that may" : "Take away"} name={rule.kind === "owners" ? "Take the rule for owners out" : `Take ${rule.name} out`} reason={denial} onClick={() => drop.mutate(rule.id)} />
        </div>
      ))}
      <p className={styles["under"]} style={{ padding: "0 12px 8px", whiteSpace: "normal" }}>
        {rules.every((rule) => rule.kind === "owners") ? "Whom it was left to is gone, or nobody was named." : "And owners of the workspace. A rule narrows: who is named needs a role that may as well."}
      </p>
      {drop.error !== null && <Refusal error={drop.error} />}
    </>
  );
}

interface AddRuleDialogProps extends WhoMayProps {
  readonly scope: string;
  readonly taken: readonly ObjectRule[];
  readonly onClose: () => void;
}

function AddRuleDialog({ kind, id, name, scope, taken, onClose }: AddRuleDialogProps) {
  const { slug, account } = useWorkspace();
  const client = useQueryClient();
  const [subjectKind, setSubjectKind] = useState<SubjectKind | "owners">("team");
  const [subject, setSubject] = useState<string | null>(null);
  const add = useMutation({
    mutationFn: () => addRule(slug, { objectKind: kind, objectId: id, scope, ...(subjectKind === "owners" || subject === null ? {} : { named: { kind: subjectKind, id: subject } }) }),
    onSuccess: async () => {
      await Promise.all([client.invalidateQueries({ queryKey: accountKeys.access(slug) }), client.invalidateQueries({ queryKey: ["deployments", slug] }), client.invalidateQueries({ queryKey: ["pools", slug] })]);
      onClose();
    },
  });
  return (
    <FormDialog
      title={`Keep ${name} for somebody`}
      verb="Add rule"
      gap={subjectKind !== "owners" && subject === null ? "Choose for whom." : null}
      busy={add.isPending}
      error={add.error}
      onSubmit={() => add.mutate()}
      onClose={onClose}
    >
      <p style={{ margin: 0 }}>
        {taken.length === 0 ? (
          <>
            From then on <span className="mono">{scope}</span> of {name} is for whom you name and for owners only; all others are refused, schedules go on.
          </>
        ) : (
          <>Beside whom is named already.</>
        )}
      </p>
      <SegmentedControl
        aria-label="Kind"
        fullWidth
        size="xs"
        data={[...(["team", "member", "service_account"] as const).map((value) => ({ value, label: SUBJECT_WORDS[value] })), ...(taken.length === 0 ? [{ value: "owners" as const, label: "Owners only" }] : [])]}
        value={subjectKind}
        onChange={(next: SubjectKind | "owners") => {
          setSubjectKind(next);
          setSubject(null);
        }}
      />
      {subjectKind !== "owners" && (
        <SubjectSelect
          key={subjectKind}
          account={account.id}
          kind={subjectKind}
          label={SUBJECT_WORDS[subjectKind]}
          value={subject}
          onChange={setSubject}
          without={new Set(taken.flatMap((each) => (each.kind === subjectKind && each.subject_id !== null ? [each.subject_id] : [])))}
        />
      )}
    </FormDialog>
  );
}
