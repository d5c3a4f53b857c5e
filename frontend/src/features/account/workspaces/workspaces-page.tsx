import { TextInput } from "@mantine/core";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { EmptyState } from "@/components/ui/empty-state";
import { EndlessTable, type Column } from "@/components/ui/endless-table";
import { FacetMenu } from "@/components/ui/facet-menu";
import { fieldError, FormDialog } from "@/components/ui/form-dialog";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { ListStates } from "@/components/ui/list-states";
import { PageHeader } from "@/components/ui/page-header";
import { RelativeTime } from "@/components/ui/relative-time";
import { usePages } from "@/components/ui/use-pages";
import { paths } from "@/config/paths";
import { accountQuery, accountWorkspacesQuery } from "@/features/account/api/account";
import { accountKeys } from "@/features/account/api/keys";
import type { WorkspacesPageSearch } from "@/features/account/search";
import { WorkspaceDrawer } from "@/features/account/workspaces/workspace-drawer";
import { useAccount, useAccountDenial } from "@/lib/account";
import { newIdempotencyKey, request } from "@/lib/api-client";
import { formatCount, plural } from "@/lib/units";
import type { AccountWorkspace } from "@/schema/wire/account";

import styles from "../ui/account.module.css";

interface WorkspacesPageProps {
  readonly search: WorkspacesPageSearch;
  readonly onChange: (search: WorkspacesPageSearch) => void;
}

/** Which workspaces are there, and which are on their way out? */
export function WorkspacesPage({ search, onChange }: WorkspacesPageProps) {
  const account = useAccount();
  const client = useQueryClient();
  const denial = useAccountDenial("workspaces:create");
  const detail = useQuery(accountQuery(account.id));
  const workspaces = useInfiniteQuery(accountWorkspacesQuery(account.id, search));
  const { rows, more } = usePages(workspaces);
  const [creating, setCreating] = useState(false);
  const [opened, setOpened] = useState<string | null>(null);
  const refresh = () => Promise.all([client.invalidateQueries({ queryKey: accountKeys.all(account.id) }), client.invalidateQueries({ queryKey: ["me"] })]);
  const archived = search.state === "archived";
  const open = rows.find((row) => row.id === opened);
  // The account has some, and those who hold no role in any of them see none.
  const closed = archived ? 0 : (detail.data?.counts.workspaces ?? 0);
  const create = (
    <GuardedButton reason={denial} leftSection={<Icon name="plus" size={13} />} onClick={() => setCreating(true)}>
      Create workspace
    </GuardedButton>
  );
  return (
    <>
      <PageHeader
        title="Workspaces"
        answer={
          detail.data !== undefined && (
            <Link to={paths.accountWorkspaces} params={{ account: account.id }} className="link">
              {plural(detail.data.counts.workspaces, "workspace")}
            </Link>
          )
        }
      >
        {create}
      </PageHeader>
      <div className={styles["filters"]}>
        <FacetMenu
          label="State"
          options={[
            { value: "active", label: "Active" },
            { value: "archived", label: "Archived" },
          ]}
          selected={[search.state ?? "active"]}
          onChange={([state]) => onChange({ state: state === "archived" ? "archived" : undefined })}
        />
      </div>
      <ListStates
        query={workspaces}
        what="workspaces"
        count={rows.length}
        rows={4}
        empty={
          closed > 0 ? (
            <EmptyState icon="home" title={closed === 1 ? "It is not open to you" : "None of them is open to you"}>
              Who has a role in a workspace sees it here. An owner or admin of the account gives one.
            </EmptyState>
          ) : (
            <EmptyState icon="home" title={archived ? "Nothing is archived" : "No workspaces yet"} action={archived ? undefined : create}>
              {archived ? "What is archived stands here for 14 days and can be restored until then." : "A workspace keeps its own runs, keys and people. Teams often have one each, or one for production and one to try things out."}
            </EmptyState>
          )
        }
      >
        <EndlessTable
          label="Workspaces"
          columns={columnsFor(account.id, setOpened)}
          rows={rows}
          rowKey={(row) => row.id}
          hasMore={workspaces.hasNextPage}
          onMore={more}
          stale={workspaces.isPlaceholderData}
          onOpen={(row) => setOpened(row.id)}
          isOpen={(row) => row.id === opened}
          isOff={(row) => row.archived_at !== null}
          end={plural(rows.length, "workspace")}
        />
      </ListStates>
      {creating && <CreateDialog account={account.id} onClose={() => setCreating(false)} onCreated={refresh} />}
      {open !== undefined && <WorkspaceDrawer workspace={open} onClose={() => setOpened(null)} onChanged={refresh} />}
    </>
  );
}

function columnsFor(account: string, onOpen: (id: string) => void): readonly Column<AccountWorkspace>[] {
  return [
    {
      key: "name",
      label: "Workspace",
      width: "minmax(180px, 1.6fr)",
      cell: (row) => (
        <>
          {row.role === null && row.role_name === null ? (
            <span className={styles["name"]}>{row.name}</span>
          ) : (
            <Link to={paths.home} params={{ workspace: row.slug }} className={styles["name"]}>
              {row.name}
            </Link>
          )}
          <span className={`${styles["under"]} mono`}>{row.slug}</span>
        </>
      ),
    },
    { key: "role", label: "Your role", width: "minmax(100px, 0.8fr)", cell: (row) => row.role_name ?? <span className="muted">none</span> },
    {
      key: "people",
      label: "People",
      width: "70px",
      align: "right",
      cell: (row) => (
        <Link to={paths.members} params={{ account }} search={{ workspace: row.slug }} className="link">
          {formatCount(row.people)}
        </Link>
      ),
    },
    { key: "keys", label: "Keys", width: "60px", align: "right", from: "wide", cell: (row) => formatCount(row.keys) },
    {
      key: "created",
      label: "Created",
      width: "84px",
      align: "right",
      cell: (row) => <RelativeTime at={row.created_at} />,
    },
    {
      key: "ends",
      label: "Deleted",
      width: "84px",
      align: "right",
      from: "wide",
      cell: (row) => <RelativeTime at={row.delete_after} />,
    },
    {
      key: "actions",
      label: "Actions",
      quiet: true,
      width: "90px",
      cell: (row) => (
        <GuardedButton variant="default" reason={null} onClick={() => onOpen(row.id)}>
          Manage
        </GuardedButton>
      ),
    },
  ];
}

interface CreateDialogProps {
  readonly account: string;
  readonly onClose: () => void;
  readonly onCreated: () => Promise<unknown>;
}

function CreateDialog({ account, onClose, onCreated }: CreateDialogProps) {
  const [name, setName] = useState("");
  const create = useMutation({
    mutationFn: () => request<unknown>("/api/v1/workspaces", { method: "POST", body: { name: name.trim(), account_id: account }, idempotencyKey: newIdempotencyKey() }),
    onSuccess: async () => {
      await onCreated();
      onClose();
    },
  });
  return (
    <FormDialog
      title="Create a workspace"
      verb="Create workspace"
      gap={name.trim() === "" ? "Give it a name." : null}
      busy={create.isPending}
      error={create.error}
      shown={["name"]}
      onSubmit={() => create.mutate()}
      onClose={onClose}
    >
      <TextInput
        label="Name"
        description="A workspace keeps its own runs, keys and people. You become its owner."
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={fieldError(create.error, "name")}
        data-autofocus
      />
    </FormDialog>
  );
}
