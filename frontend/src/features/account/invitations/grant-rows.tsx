import { ActionIcon, Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { workspaceChoicesQuery } from "@/features/account/api/account";
import { RoleSelect } from "@/features/account/ui/role-select";

import styles from "../ui/account.module.css";

export interface GrantDraft {
  /** A workspace's id. */
  readonly workspace: string;
  readonly role: string;
}

interface GrantRowsProps {
  readonly account: string;
  readonly grants: readonly GrantDraft[];
  readonly onChange: (grants: readonly GrantDraft[]) => void;
}

/** Workspaces with a role each, to be given at once. */
export function GrantRows({ account, grants, onChange }: GrantRowsProps) {
  const workspaces = useQuery(workspaceChoicesQuery(account));
  const all = workspaces.data?.items ?? [];
  const free = all.filter((each) => !grants.some((grant) => grant.workspace === each.id));
  const put = (index: number, change: Partial<GrantDraft>) => onChange(grants.map((grant, at) => (at === index ? { ...grant, ...change } : grant)));
  return (
    <div className={styles["section"]} role="group" aria-label="Workspaces">
      <span className={styles["sectionTitle"]} style={{ fontWeight: 500 }}>
        Workspaces
      </span>
      {grants.map((grant, index) => (
        <div key={grant.workspace} className={styles["row"]} style={{ alignItems: "center" }}>
          <div className={styles["grow"]}>
            <Select
              aria-label={`Workspace ${index + 1}`}
              allowDeselect={false}
              searchable
              data={all.filter((each) => each.id === grant.workspace || free.includes(each)).map((each) => ({ value: each.id, label: each.name }))}
              value={grant.workspace}
              onChange={(workspace) => {
                if (workspace !== null) put(index, { workspace });
              }}
            />
          </div>
          <RoleSelect account={account} quiet label={`Role in workspace ${index + 1}`} width={150} value={grant.role} onChange={(role) => put(index, { role })} />
          <ActionIcon aria-label={`Leave workspace ${index + 1} out`} onClick={() => onChange(grants.filter((_, at) => at !== index))}>
            <Icon name="trash" size={14} />
          </ActionIcon>
        </div>
      ))}
      <GuardedButton
        variant="default"
        w="fit-content"
        leftSection={<Icon name="plus" size={13} />}
        reason={workspaces.isPending ? "The workspaces are being looked up." : free.length === 0 ? "Every workspace is named already." : null}
        onClick={() => {
          const [next] = free;
          if (next !== undefined) onChange([...grants, { workspace: next.id, role: "VIEWER" }]);
        }}
      >
        Add a workspace
      </GuardedButton>
    </div>
  );
}
