import { Checkbox, Select, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { fieldError, FormDialog } from "@/components/ui/form-dialog";
import { createKey, holdersQuery, keyKeys, type KeyInput } from "@/features/keys/api/keys";
import { KeySecret } from "@/features/keys/components/key-secret";
import { bySubject, endOf, LIFETIMES, ROLE_WORDS, roleName } from "@/features/keys/model";
import { useNow } from "@/lib/now";
import { KEY_ROLES } from "@/schema/wire/keys";

import styles from "./keys.module.css";

export interface KeyPlace {
  readonly slug: string;
  readonly name: string;
  /** What its maker may do there: a key may do no more. */
  readonly scopes: readonly string[];
}

interface CreateKeyDialogProps {
  /** Where it may be made; asked for when there are several. */
  readonly places: readonly KeyPlace[];
  /** The account whose service accounts may hold it; null: it is one's own. */
  readonly account: string | null;
  /** The service account that holds it, when that is settled. */
  readonly holder?: { readonly id: string; readonly name: string };
  readonly onClose: () => void;
}

const SHOWN = ["name", "role", "scopes", "pool", "expires_at", "service_account_id"];
const OWN = "me";

export function CreateKeyDialog({ places, account, holder, onClose }: CreateKeyDialogProps) {
  const client = useQueryClient();
  const now = useNow();
  const [slug, setSlug] = useState(places[0]?.slug ?? "");
  const [owner, setOwner] = useState(holder?.id ?? OWN);
  const [name, setName] = useState("");
  const [role, setRole] = useState<string>("DEVELOPER");
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [pool, setPool] = useState("");
  const [lifetime, setLifetime] = useState("90");
  const [day, setDay] = useState("");
  const holders = useQuery({ ...holdersQuery(account ?? ""), enabled: account !== null && holder === undefined });
  const place = places.find((each) => each.slug === slug);
  const create = useMutation({
    mutationFn: (body: KeyInput) => createKey(slug, body),
    onSuccess: () => Promise.all([client.invalidateQueries({ queryKey: keyKeys.all }), client.invalidateQueries({ queryKey: ["account"] })]),
  });
  const submit = () => {
    const end = endOf(lifetime, day, now);
    create.mutate({
      name: name.trim(),
      ...(role === "" ? { scopes: (place?.scopes ?? []).filter((scope) => chosen.has(scope)) } : { role }),
      ...(typeof end === "string" ? { expires_at: end } : {}),
      ...(role === "AGENT" && pool.trim() !== "" ? { pool: pool.trim() } : {}),
      ...(owner === OWN ? {} : { service_account_id: owner }),
    });
  };

  if (create.data !== undefined) return <KeySecret secret={create.data.secret} onClose={onClose} />;
  const gap =
    name.trim() === ""
      ? "Give it a name."
      : role === "" && chosen.size === 0
        ? "Choose at least one scope."
        : lifetime === "date" && endOf(lifetime, day, now) === undefined
          ? "Choose a day to come."
          : null;
  const others = (holders.data?.items ?? []).filter((each) => each.disabled_at === null);
  return (
    <FormDialog title={holder === undefined ? "Create an API key" : `Create a key of ${holder.name}`} verb="Create key" gap={gap} busy={create.isPending} error={create.error} shown={SHOWN} size="lg" onSubmit={submit} onClose={onClose}>
      <TextInput label="Name" description="What or who will use it" value={name} onChange={(event) => setName(event.currentTarget.value)} error={fieldError(create.error, "name")} data-autofocus />
      {places.length > 1 && (
        <Select
          label="Workspace"
          description="A key works in this one only"
          allowDeselect={false}
          searchable
          data={places.map((each) => ({ value: each.slug, label: each.name }))}
          value={slug}
          onChange={(next) => {
            if (next !== null) setSlug(next);
          }}
        />
      )}
      {account !== null && holder === undefined && others.length > 0 && (
        <Select
          label="Whose"
          description={owner === OWN ? "It may never do more than you, and stops when you leave" : "It may never do more than the service account, and stays when you leave"}
          allowDeselect={false}
          data={[{ value: OWN, label: "Mine" }, { group: "Service accounts", items: others.map((each) => ({ value: each.id, label: each.name })) }]}
          value={owner}
          onChange={(next) => setOwner(next ?? OWN)}
          error={fieldError(create.error, "service_account_id")}
        />
      )}
      <Select
        label="May"
        description={role === "" ? "Only what is chosen below" : ROLE_WORDS[role]}
        allowDeselect={false}
        data={[...KEY_ROLES.map((each) => ({ value: each as string, label: roleName(each) })), { value: "", label: "Chosen scopes" }]}
        value={role}
        onChange={(value) => setRole(value ?? "DEVELOPER")}
        error={fieldError(create.error, "role")}
      />
      {role === "" && (
        <div className={styles["scopes"]} role="group" aria-label="Scopes">
          {bySubject(place?.scopes ?? []).map(({ subject, scopes }) => (
            <fieldset key={subject}>
              <legend>{subject}</legend>
              {scopes.map((scope) => (
                <Checkbox
                  key={scope}
                  size="xs"
                  label={<span className="mono">{scope}</span>}
                  checked={chosen.has(scope)}
                  onChange={() => {
                    const next = new Set(chosen);
                    if (!next.delete(scope)) next.add(scope);
                    setChosen(next);
                  }}
                />
              ))}
            </fieldset>
          ))}
          {fieldError(create.error, "scopes") !== undefined && <p role="alert">{fieldError(create.error, "scopes")}</p>}
        </div>
      )}
      {role === "AGENT" && (
        <TextInput label="Pool" description="The only pool that its agents may serve; any when left empty" value={pool} onChange={(event) => setPool(event.currentTarget.value)} error={fieldError(create.error, "pool")} />
      )}
      <Select
        label="Ends"
        description={lifetime === "never" ? "Keys without an end are listed on the security page" : undefined}
        allowDeselect={false}
        data={[...LIFETIMES]}
        value={lifetime}
        onChange={(value) => setLifetime(value ?? "90")}
        error={fieldError(create.error, "expires_at")}
      />
      {lifetime === "date" && <TextInput type="date" label="Last day" value={day} onChange={(event) => setDay(event.currentTarget.value)} />}
    </FormDialog>
  );
}
