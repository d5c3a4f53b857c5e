import { Skeleton, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";

import { CopyId } from "@/components/ui/copy-id";
import { ErrorState } from "@/components/ui/error-state";
import { Facts } from "@/components/ui/facts";
import { GuardedButton } from "@/components/ui/guarded-button";
import { paths } from "@/config/paths";
import { renameWorkspace, settingsKeys, workspaceQuery } from "@/features/settings/api/settings";
import { asApiError } from "@/lib/errors";
import { formatDay } from "@/lib/time";
import { formatCount } from "@/lib/units";
import { useDenial, useWorkspace } from "@/lib/workspace";
import type { WorkspaceDetail } from "@/schema/wire/settings";

import styles from "./settings.module.css";

export function GeneralTab({ children }: { readonly children: ReactNode }) {
  const { slug } = useWorkspace();
  const workspace = useQuery(workspaceQuery(slug));
  if (workspace.isPending) return <Skeleton height={180} role="status" aria-label="Loading the workspace" />;
  if (workspace.isError) {
    return <ErrorState error={workspace.error} what="workspace" onRetry={() => void workspace.refetch()} />;
  }
  return (
    <div className={styles["stack"]}>
      <General key={workspace.data.name} workspace={workspace.data} />
      {children}
    </div>
  );
}

function General({ workspace }: { readonly workspace: WorkspaceDetail }) {
  const client = useQueryClient();
  const denial = useDenial("workspace:manage");
  const [name, setName] = useState(workspace.name);
  const rename = useMutation({
    mutationFn: () => renameWorkspace(workspace.slug, name.trim()),
    onSuccess: () => {
      notifications.show({ message: "Workspace renamed" });
      void client.invalidateQueries({ queryKey: settingsKeys.all(workspace.slug) });
      return client.invalidateQueries({ queryKey: ["me"] });
    },
  });
  const refusal = rename.error === null ? null : asApiError(rename.error);
  const { max_concurrent_runs, events_per_minute, retention_days } = workspace.limits;
  const unchanged = name.trim() === workspace.name || name.trim() === "";
  return (
    <div className={styles["form"]}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (denial === null && !unchanged) rename.mutate();
        }}
      >
        <TextInput
          label="Name"
          value={name}
          readOnly={denial !== null}
          onChange={(event) => setName(event.currentTarget.value)}
          error={refusal?.fields["name"]?.[0] ?? refusal?.message}
          mb={8}
        />
        <GuardedButton reason={denial ?? (unchanged ? "Nothing has changed." : null)} loading={rename.isPending} onClick={() => rename.mutate()}>
          Save name
        </GuardedButton>
      </form>
      <Facts
        facts={[
          { term: "Address", value: <CopyId id={workspace.slug} label="workspace" full /> },
          {
            term: "Account",
            value: (
              <Link to={paths.accountGeneral} params={{ account: workspace.account.id }} className="link">
                {workspace.account.name}
              </Link>
            ),
          },
          { term: "Created", value: formatDay(workspace.created_at) },
          { term: "Runs at once", value: limit(max_concurrent_runs) },
          { term: "Events a minute", value: limit(events_per_minute) },
          { term: "Kept for", value: retention_days === null ? "ever" : `${retention_days} days` },
        ]}
      />
    </div>
  );
}

function limit(value: number | null): string {
  return value === null ? "no limit" : formatCount(value);
}
