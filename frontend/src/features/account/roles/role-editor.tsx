import { Checkbox, Select, Textarea, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { Drawer } from "@/components/ui/dialog";
import { fieldError } from "@/components/ui/form-dialog";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { Refusal } from "@/components/ui/refusal";
import { accountKeys } from "@/features/account/api/keys";
import { changeRole, createRole, deleteRole } from "@/features/account/api/roles";
import { scopeDiff, scopeGroups } from "@/features/account/model";
import { useAccount } from "@/lib/account";
import { plural } from "@/lib/units";
import type { BuiltInRole, Role, RoleList } from "@/schema/wire/account";

import styles from "./roles.module.css";
import shared from "../ui/account.module.css";

interface RoleEditorProps {
  readonly roles: RoleList;
  /** null: a new one. */
  readonly role: Role | null;
  /** The built-in role that a new one starts from. */
  readonly base: string | undefined;
  readonly denial: string | null;
  readonly onCopy: (base: string) => void;
  readonly onClose: () => void;
}

const START = "DEVELOPER";

/** A role with its scopes, beside what it adds to its base and what of it it lacks. Built-in ones are read, not changed. */
export function RoleEditor({ roles, role, base, denial, onCopy, onClose }: RoleEditorProps) {
  const account = useAccount();
  const client = useQueryClient();
  const builtIn = roles.items.filter((each) => each.built_in);
  const [basedOn, setBasedOn] = useState<string>(role?.based_on ?? role?.key ?? base ?? START);
  const scopesOf = (key: string) => builtIn.find((each) => each.key === key)?.scopes ?? [];
  const [name, setName] = useState(role?.name ?? "");
  const [description, setDescription] = useState(role?.description ?? "");
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(role?.scopes ?? scopesOf(base ?? START)));
  const [deleting, setDeleting] = useState(false);
  const fixed = role?.built_in === true ? "Built-in roles stay as they are: copy it to make one of your own." : denial;
  const diff = scopeDiff(chosen, scopesOf(basedOn));
  const saved = () => client.invalidateQueries({ queryKey: accountKeys.all(account.id) });
  const save = useMutation({
    mutationFn: () => {
      // In the order of the server, so that two roles with the same scopes look the same.
      const scopes = roles.scopes.map((each) => each.scope).filter((scope) => chosen.has(scope));
      const body = { name: name.trim(), description: description.trim(), based_on: basedOn as BuiltInRole, scopes };
      return role?.id != null ? changeRole(account.id, role.id, body) : createRole(account.id, body);
    },
    onSuccess: async () => {
      notifications.show({ message: `Role ${name.trim()} saved` });
      await saved();
      onClose();
    },
  });
  const remove = useMutation({
    mutationFn: () => deleteRole(account.id, role?.id ?? ""),
    onSuccess: async () => {
      await saved();
      onClose();
    },
  });
  const toggle = (scope: string) => {
    const next = new Set(chosen);
    if (!next.delete(scope)) next.add(scope);
    setChosen(next);
  };
  const gap = fixed ?? (name.trim() === "" ? "Give it a name." : chosen.size === 0 ? "Choose at least one scope." : null);
  return (
    <Drawer opened onClose={onClose} position="right" size={640} title={role?.name ?? "New role"} closeButtonProps={{ "aria-label": "Close" }} styles={{ title: { fontSize: 16, fontWeight: 600 } }}>
      <form
        className={shared["stack"]}
        onSubmit={(event) => {
          event.preventDefault();
          if (gap === null) save.mutate();
        }}
      >
        {role?.built_in === true && (
          <p className={shared["note"]} role="note">
            {role.description} Built-in roles stay as they are.{" "}
            <button type="button" className={`${shared["linkButton"]} link`} onClick={() => onCopy(role.key)}>
              Make one of your own from it
            </button>
          </p>
        )}
        {role?.built_in !== true && denial !== null && (
          <p className={shared["note"]} role="note">
            {denial}
          </p>
        )}
        {role?.built_in !== true && (
          <>
            <TextInput label="Name" value={name} readOnly={fixed !== null} onChange={(event) => setName(event.currentTarget.value)} error={fieldError(save.error, "name")} {...(role === null ? { "data-autofocus": true } : {})} />
            <Textarea label="What it is for" autosize minRows={1} readOnly={fixed !== null} value={description} onChange={(event) => setDescription(event.currentTarget.value)} />
            <Select
              label="Based on"
              description="What it is compared with; choosing another keeps the scopes below"
              allowDeselect={false}
              readOnly={fixed !== null}
              data={builtIn.filter((each) => each.key !== "AGENT").map((each) => ({ value: each.key, label: each.name }))}
              value={basedOn}
              onChange={(next) => setBasedOn(next ?? START)}
            />
            <Diff adds={diff.adds} lacks={diff.lacks} base={builtIn.find((each) => each.key === basedOn)?.name ?? basedOn} />
          </>
        )}
        <div className={styles["groups"]}>
          {scopeGroups(roles).map(({ group, scopes }) => (
            <fieldset key={group} className={styles["fieldset"]}>
              <legend>{group}</legend>
              {scopes.map(({ scope, description: words }) => (
                <Checkbox
                  key={scope}
                  size="xs"
                  label={<span className="mono">{scope}</span>}
                  description={words}
                  checked={chosen.has(scope)}
                  disabled={fixed !== null}
                  onChange={() => toggle(scope)}
                />
              ))}
            </fieldset>
          ))}
        </div>
        {save.error !== null && fieldError(save.error, "name") === undefined && <Refusal error={save.error} />}
        {role?.built_in !== true && (
          <div className={shared["row"]}>
            <GuardedButton reason={gap} loading={save.isPending}>
              {role === null ? "Create role" : "Save role"}
            </GuardedButton>
            {role !== null && (
              <GuardedButton variant="default" reason={fixed ?? (role.used_by > 0 ? `It is given ${plural(role.used_by, "time")}: give those another role first.` : null)} leftSection={<Icon name="trash" size={13} />} onClick={() => setDeleting(true)}>
                Delete role
              </GuardedButton>
            )}
            {role !== null && role.used_by > 0 && <span className="muted">A change counts at once for {plural(role.used_by, "grant")}.</span>}
          </div>
        )}
      </form>
      <ConfirmDialog
        opened={deleting}
        title={`Delete ${role?.name ?? ""}`}
        verb="Delete role"
        danger
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate()}
        onClose={() => setDeleting(false)}
      >
        Nobody has it. It can’t be brought back.
      </ConfirmDialog>
    </Drawer>
  );
}

interface DiffProps {
  readonly adds: readonly string[];
  readonly lacks: readonly string[];
  readonly base: string;
}

function Diff({ adds, lacks, base }: DiffProps) {
  return (
    <div className={styles["diff"]} role="status" aria-label={`Compared with ${base}`}>
      {adds.length === 0 && lacks.length === 0 && <span className="muted">May do the same as {base}.</span>}
      {adds.length > 0 && (
        <p data-diff="adds">
          <strong>Adds</strong> {adds.map((scope) => <code key={scope}>{scope}</code>)}
        </p>
      )}
      {lacks.length > 0 && (
        <p data-diff="lacks">
          <strong>Lacks</strong> {lacks.map((scope) => <code key={scope}>{scope}</code>)}
        </p>
      )}
    </div>
  );
}
