import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { EmptyState } from "@/components/ui/empty-state";
import { EndlessTable, type Column } from "@/components/ui/endless-table";
import { FacetMenu } from "@/components/ui/facet-menu";
import { Icon } from "@/components/ui/icon";
import { ListStates } from "@/components/ui/list-states";
import { RelativeTime } from "@/components/ui/relative-time";
import { SearchInput } from "@/components/ui/search-input";
import { usePages } from "@/components/ui/use-pages";
import { auditQuery, type AuditSource } from "@/features/account/api/audit";
import { AuditDetail } from "@/features/account/audit/audit-detail";
import { actionWords, ACTOR_WORDS, changesOf } from "@/features/account/model";
import type { AuditSearch } from "@/features/account/search";
import { plural } from "@/lib/units";
import type { AuditEntry } from "@/schema/wire/account";

import styles from "../ui/account.module.css";

interface AuditListProps {
  readonly source: AuditSource;
  readonly search: AuditSearch;
  readonly onChange: (change: Partial<AuditSearch>) => void;
  /** What stands before the filters. */
  readonly lead?: ReactNode;
}

/** What changes are called, by what they happen to. */
const NOUNS = [
  ["user.", "People signing in"],
  ["member.", "Members"],
  ["invitation.", "Invitations"],
  ["team.", "Teams"],
  ["role.", "Roles"],
  ["key.", "API keys"],
  ["service_account.", "Service accounts"],
  ["sso.", "Single sign-on"],
  ["scim.", "Directory (SCIM)"],
  ["account.", "Account"],
  ["workspace.", "Workspaces"],
  ["deployment.", "Deployments"],
  ["pool.", "Pools"],
  ["automation.", "Automations"],
  ["channel.", "Channels"],
  ["plan.", "Plan"],
] as const;
const NOTHING = { q: undefined, action: undefined, actor: undefined, kind: undefined, object: undefined, workspace: undefined } as const;

/** The log of an account, or a workspace's part of it: filters, rows that unfold to what changed. */
export function AuditList({ source, search, onChange, lead }: AuditListProps) {
  const entries = useInfiniteQuery(auditQuery(source, search));
  const { rows, more } = usePages(entries);
  const chips = [
    { key: "actor", label: "Actor", value: search.actor, name: rows.find((row) => row.actor.id === search.actor)?.actor.name },
    { key: "object", label: "Object", value: search.object, name: rows.find((row) => row.object.id === search.object)?.object.name },
    { key: "workspace", label: "Workspace", value: search.workspace, name: search.workspace },
  ].filter((chip) => chip.value !== undefined);
  const filtered = [search.q, search.action, search.kind, search.range, search.from].some((each) => each !== undefined) || chips.length > 0;
  return (
    <>
      <div className={styles["filters"]} role="search" aria-label="Filter the log">
        {lead}
        <SearchInput value={search.q ?? ""} label="Search names and addresses" width={240} onChange={(q) => onChange({ q: q === "" ? undefined : q })} />
        <FacetMenu
          label="What"
          options={NOUNS.map(([value, label]) => ({ value, label }))}
          selected={search.action === undefined ? [] : [search.action]}
          onChange={([action]) => onChange({ action })}
        />
        {chips.map((chip) => (
          <Button key={chip.key} variant="default" rightSection={<Icon name="close" size={12} />} aria-label={`Any ${chip.label.toLowerCase()}`} onClick={() => onChange({ [chip.key]: undefined, kind: undefined })}>
            {chip.label}: {chip.name ?? "chosen"}
          </Button>
        ))}
        {filtered && (
          <Button variant="subtle" color="gray" onClick={() => onChange({ ...NOTHING, range: undefined, from: undefined, to: undefined })}>
            Clear filters
          </Button>
        )}
      </div>
      <ListStates
        query={entries}
        what="log"
        count={rows.length}
        rows={14}
        empty={
          <EmptyState icon="history" title={filtered ? "Nothing in the log fits these filters" : "Nothing has been changed yet"}>
            {filtered ? "Take a filter away, or choose a longer time." : "Changes to people, access and settings stand here from the first one on."}
          </EmptyState>
        }
      >
        <EndlessTable
          label="Audit log"
          columns={columnsFor("account" in source, (entry) => onChange({ entry: entry.id === search.entry ? undefined : entry.id }), search.entry)}
          rows={rows}
          rowKey={(row) => row.id}
          hasMore={entries.hasNextPage}
          onMore={more}
          stale={entries.isPlaceholderData}
          onOpen={(row) => onChange({ entry: row.id === search.entry ? undefined : row.id })}
          isOpen={(row) => row.id === search.entry}
          below={(row) => (row.id === search.entry ? <AuditDetail entry={row} onNarrow={onChange} /> : null)}
          end={plural(rows.length, "entry", "entries")}
        />
      </ListStates>
    </>
  );
}

function columnsFor(ofAccount: boolean, onToggle: (entry: AuditEntry) => void, open: string | undefined): readonly Column<AuditEntry>[] {
  return [
    {
      key: "what",
      label: "What",
      width: "minmax(190px, 1.3fr)",
      cell: (entry) => {
        const count = changesOf(entry.before, entry.after).length;
        return (
          <>
            <button type="button" className={styles["linkButton"]} aria-expanded={entry.id === open} onClick={() => onToggle(entry)}>
              <Icon name={entry.id === open ? "chevronDown" : "chevronRight"} size={11} /> {actionWords(entry.action)}
            </button>
            {count > 0 && <span className={styles["under"]}>{plural(count, "change")}</span>}
          </>
        );
      },
    },
    {
      key: "object",
      label: "Object",
      width: "minmax(140px, 1.2fr)",
      cell: (entry) => (
        <>
          {entry.object.name === "" ? <span className="muted">–</span> : entry.object.name}
          <span className={styles["under"]}>{entry.object.kind.replaceAll("_", " ")}</span>
        </>
      ),
    },
    {
      key: "actor",
      label: "By",
      width: "minmax(140px, 1.1fr)",
      cell: (entry) => (
        <>
          {entry.actor.name === "" ? (ACTOR_WORDS[entry.actor.kind] ?? entry.actor.kind) : entry.actor.name}
          {entry.on_behalf_of !== null ? (
            <span className={styles["under"]}>for {entry.on_behalf_of.name}</span>
          ) : (
            entry.actor.kind !== "user" && entry.actor.name !== "" && <span className={styles["under"]}>{ACTOR_WORDS[entry.actor.kind] ?? entry.actor.kind}</span>
          )}
        </>
      ),
    },
    ...(ofAccount
      ? [
          {
            key: "workspace",
            label: "Workspace",
            width: "minmax(110px, 0.8fr)",
            from: "wide" as const,
            cell: (entry: AuditEntry) => entry.workspace?.name ?? <span className="muted">the account</span>,
          },
        ]
      : []),
    {
      key: "address",
      label: "From",
      width: "minmax(110px, 0.7fr)",
      from: "wide",
      cell: (entry) => (entry.address === null ? <span className="muted">–</span> : <span className="mono">{entry.address}</span>),
    },
    { key: "at", label: "When", width: "84px", align: "right", cell: (entry) => <RelativeTime at={entry.occurred_at} /> },
  ];
}
