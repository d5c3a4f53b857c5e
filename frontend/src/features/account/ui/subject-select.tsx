import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { findMembersQuery } from "@/features/account/api/members";
import { serviceAccountChoicesQuery } from "@/features/account/api/service-accounts";
import { teamChoicesQuery } from "@/features/account/api/teams";
import { personName, teamOption } from "@/features/account/model";
import type { SubjectKind } from "@/schema/wire/account";

const SETTLE_MS = 200;

interface SubjectSelectProps {
  readonly account: string;
  readonly kind: SubjectKind;
  readonly value: string | null;
  readonly onChange: (id: string | null) => void;
  /** Those who have it already. */
  readonly without?: ReadonlySet<string>;
  readonly label: string;
  readonly error?: string | undefined;
  /** To put people into: not into those teams that the identity provider keeps. */
  readonly joinable?: boolean;
}

/** Somebody of the account, found by typing. */
export function SubjectSelect(props: SubjectSelectProps) {
  if (props.kind === "member") return <MemberSelect {...props} />;
  return props.kind === "team" ? <TeamSelect {...props} /> : <ServiceAccountSelect {...props} />;
}

type Choices = Omit<SubjectSelectProps, "kind">;

/** Members are searched on the server: there may be thousands. */
function MemberSelect({ account, value, onChange, without, label, error }: Choices) {
  const [text, setText] = useState("");
  const [settled] = useDebouncedValue(text, SETTLE_MS);
  const found = useQuery(findMembersQuery(account, settled));
  const options = (found.data?.items ?? [])
    .filter((member) => without?.has(member.id) !== true)
    .map((member) => ({ value: member.id, label: member.user.name === "" ? member.user.email : `${personName(member.user)} · ${member.user.email}` }));
  return (
    <Select
      label={label}
      placeholder="Name or address"
      searchable
      clearable
      searchValue={text}
      onSearchChange={setText}
      filter={({ options: all }) => all}
      nothingFoundMessage={found.isFetching ? "Looking" : "Nobody is called that."}
      data={options}
      value={value}
      onChange={onChange}
      error={error ?? found.error?.message}
    />
  );
}

function TeamSelect({ account, value, onChange, without, label, error, joinable = false }: Choices) {
  const teams = useQuery(teamChoicesQuery(account));
  const options = (teams.data?.items ?? []).filter((team) => without?.has(team.id) !== true).map((team) => teamOption(team, joinable));
  return (
    <Select
      label={label}
      placeholder="Team"
      searchable
      clearable
      nothingFoundMessage={teams.isPending ? "Looking" : "No such team."}
      data={options}
      value={value}
      onChange={onChange}
      error={error ?? teams.error?.message}
    />
  );
}

function ServiceAccountSelect({ account, value, onChange, without, label, error }: Choices) {
  const accounts = useQuery(serviceAccountChoicesQuery(account));
  const options = (accounts.data?.items ?? [])
    .filter((each) => each.disabled_at === null && without?.has(each.id) !== true)
    .map((each) => ({ value: each.id, label: each.name }));
  return (
    <Select
      label={label}
      placeholder="Service account"
      searchable
      clearable
      nothingFoundMessage={accounts.isPending ? "Looking" : "No such service account."}
      data={options}
      value={value}
      onChange={onChange}
      error={error ?? accounts.error?.message}
    />
  );
}
