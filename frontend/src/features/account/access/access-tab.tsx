import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { EmptyState } from "@/components/ui/empty-state";
import { EndlessTable, type Column } from "@/components/ui/endless-table";
import { FacetMenu } from "@/components/ui/facet-menu";
import { GuardedButton } from "@/components/ui/guarded-button";
import { GuardedIcon } from "@/components/ui/guarded-icon";
import { Icon } from "@/components/ui/icon";
import { ListStates } from "@/components/ui/list-states";
import { RelativeTime } from "@/components/ui/relative-time";
import { SearchInput } from "@/components/ui/search-input";
import { usePages } from "@/components/ui/use-pages";
import { AddAccessDialog } from "@/features/account/access/add-access-dialog";
import { RuleList } from "@/features/account/access/rule-list";
import { assignmentsQuery, changeGrant, takeGrant } from "@/features/account/api/grants";
import { accountKeys } from "@/features/account/api/keys";
import { roleChoice, roleKey, SUBJECT_WORDS } from "@/features/account/model";
import type { AccessSearch } from "@/features/account/search";
import { RoleSelect } from "@/features/account/ui/role-select";
import { Refusal } from "@/components/ui/refusal";
import { oneOf } from "@/lib/search-params";
import { plural } from "@/lib/units";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { Assignment, SubjectKind } from "@/schema/wire/account";

import styles from "../ui/account.module.css";

interface AccessTabProps {
  readonly search: AccessSearch;
  readonly onChange: (search: AccessSearch) => void;
}

const KINDS = ["member", "team", "service_account"] as const satisfies readonly SubjectKind[];
const KIND_ICONS = { member: "user", team: "layers", service_account: "robot" } as const;

/** Who may do what in this workspace: people, teams and service accounts, each with a role. */
export function AccessTab({ search, onChange }: AccessTabProps) {
  const { slug, account, name } = useWorkspace();
  const client = useQueryClient();
  const denial = useDenial("members:manage");
  const access = useInfiniteQuery(assignmentsQuery(slug, search));
  const { rows, more } = usePages(access);
  const [adding, setAdding] = useState(false);
  const [taking, setTaking] = useState<Assignment | null>(null);
  const refresh = () => Promise.all([client.invalidateQueries({ queryKey: accountKeys.access(slug) }), client.invalidateQueries({ queryKey: accountKeys.all(account.id) })]);
  const take = useMutation({
    mutationFn: (id: string) => takeGrant(slug, id),
    onSuccess: () => {
      setTaking(null);
      return refresh();
    },
  });
  const filtered = search.kind !== undefined || search.q !== undefined;
  const columns: readonly Column<Assignment>[] = [
    {
      key: "who",
      label: "Who",
      width: "minmax(180px, 1.6fr)",
      cell: (row) => (
        <>
          <span className={styles["name"]}>
            <Icon name={KIND_ICONS[row.kind]} size={13} /> {row.name === "" ? row.email : row.name}
          </span>
          <span className={styles["under"]}>{(row.name === "" ? null : row.email) ?? (row.members === null ? SUBJECT_WORDS[row.kind] : `Team of ${plural(row.members, "member")}`)}</span>
        </>
      ),
    },
    { key: "kind", label: "Kind", width: "minmax(110px, 0.7fr)", from: "wide", cell: (row) => SUBJECT_WORDS[row.kind] },
    {
      key: "role",
      label: "Role",
      width: "minmax(150px, 0.9fr)",
      cell: (row) => <RoleCell assignment={row} denial={denial} onChanged={refresh} />,
    },
    { key: "since", label: "Since", width: "84px", align: "right", from: "table", cell: (row) => <RelativeTime at={row.created_at} /> },
    {
      key: "actions",
      label: "Actions",
      quiet: true,
      width: "40px",
      cell: (row) => <GuardedIcon icon="trash" label="Take the role away" name={`Remove ${row.name || (row.email ?? "")}`} reason={denial} onClick={() => setTaking(row)} />,
    },
  ];
  return (
    <div className={styles["stack"]}>
      <div>
        <div className={styles["filters"]} data-wrap role="search" aria-label="Filter access">
          <SearchInput value={search.q ?? ""} label="Search names" onChange={(q) => onChange({ ...search, q: q === "" ? undefined : q })} />
          <FacetMenu
            label="Kind"
            options={KINDS.map((kind) => ({ value: kind, label: SUBJECT_WORDS[kind] }))}
            selected={search.kind === undefined ? [] : [search.kind]}
            onChange={([kind]) => onChange({ ...search, kind: oneOf(kind, KINDS) })}
          />
          <GuardedButton reason={denial} leftSection={<Icon name="plus" size={13} />} onClick={() => setAdding(true)}>
            Give access
          </GuardedButton>
        </div>
        <ListStates
          query={access}
          what="access"
          count={rows.length}
          rows={5}
          empty={
            <EmptyState icon="users" title={filtered ? "Nobody fits these filters" : "Nobody has a role here"}>
              {filtered ? "Take a filter away to see more." : `Owners of ${account.name} may do everything here without one.`}
            </EmptyState>
          }
        >
          <EndlessTable
            label="Access"
            columns={columns}
            rows={rows}
            rowKey={(row) => row.id}
            hasMore={access.hasNextPage}
            onMore={more}
            stale={access.isPlaceholderData}
            end={`${plural(rows.length, "role")} given here; owners of ${account.name} may do everything without one`}
          />
        </ListStates>
      </div>
      <RuleList />
      {adding && <AddAccessDialog taken={rows} onClose={() => setAdding(false)} onAdded={refresh} />}
      <ConfirmDialog
        opened={taking !== null}
        title={`Remove ${taking?.name ?? ""} from ${name}`}
        verb="Take role away"
        danger
        busy={take.isPending}
        error={take.error}
        onConfirm={() => {
          if (taking !== null) take.mutate(taking.id);
        }}
        onClose={() => {
          take.reset();
          setTaking(null);
        }}
      >
        {taking === null ? "" : LOSS[taking.kind]}
      </ConfirmDialog>
    </div>
  );
}

const LOSS: Readonly<Record<SubjectKind, string>> = {
  member: "They no longer see this workspace, unless a team of theirs has a role here; their keys for it do nothing from then on. They stay in the account.",
  team: "Its members lose what it gave them here. Who has a role of their own keeps it.",
  service_account: "Its keys for this workspace do nothing from then on. It stays in the account.",
};

interface RoleCellProps {
  readonly assignment: Assignment;
  readonly denial: string | null;
  readonly onChanged: () => Promise<unknown>;
}

function RoleCell({ assignment, denial, onChanged }: RoleCellProps) {
  const { slug, account } = useWorkspace();
  const change = useMutation({ mutationFn: (key: string) => changeGrant(slug, assignment.id, roleChoice(key)), onSuccess: onChanged });
  return (
    <>
      <RoleSelect
        account={account.id}
        quiet
        label={`Role of ${assignment.name || (assignment.email ?? "")}`}
        width={150}
        reason={denial}
        name={assignment.role_name}
        value={change.isPending ? change.variables : roleKey(assignment)}
        onChange={(key) => change.mutate(key)}
      />
      {change.error !== null && <Refusal error={change.error} />}
    </>
  );
}
