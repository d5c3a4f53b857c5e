import { ActionIcon, Select, Tooltip } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { ErrorState } from "@/components/ui/error-state";
import { Icon } from "@/components/ui/icon";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { changeMember, membersQuery, removeMember, settingsKeys } from "@/features/settings/api/settings";
import { ROLE_WORDS, roleName } from "@/features/settings/model";
import { asApiError } from "@/lib/errors";
import { formatDay } from "@/lib/time";
import { plural } from "@/lib/units";
import { useDenial, useWorkspace } from "@/lib/workspace";
import { ROLES, type Member } from "@/schema/wire/settings";

import styles from "./settings.module.css";

export function MembersTab() {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const denial = useDenial("members:manage");
  const members = useQuery(membersQuery(slug));
  const [removing, setRemoving] = useState<Member | null>(null);
  const refresh = () => client.invalidateQueries({ queryKey: settingsKeys.members(slug) });
  const change = useMutation({
    mutationFn: ({ id, role }: { id: string; role: string }) => changeMember(slug, id, role),
    onSuccess: refresh,
    onError: (error) => notifications.show({ color: "red", message: asApiError(error).message }),
  });
  const remove = useMutation({
    mutationFn: (id: string) => removeMember(slug, id),
    onSuccess: () => {
      setRemoving(null);
      return refresh();
    },
  });

  if (members.isPending) return <SkeletonRows rows={4} height={48} label="members" />;
  if (members.isError) return <ErrorState error={members.error} what="members" onRetry={() => void members.refetch()} />;
  return (
    <>
      <Panel title="Members" aside={plural(members.data.items.length, "member")} flush>
        <div className={styles["scroll"]} tabIndex={0} role="region" aria-label="Members">
          <table className={styles["table"]}>
            <thead>
              <tr>
                <th>Member</th>
                <th>Role</th>
                <th>Since</th>
                <th>
                  <span className="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {members.data.items.map((member) => {
                const name = member.user.name === "" ? member.user.email : member.user.name;
                return (
                  <tr key={member.id}>
                    <td>
                      {name}
                      <span className={styles["under"]}>{member.user.email}</span>
                    </td>
                    <td>
                      <Tooltip label={denial ?? ROLE_WORDS[member.role]}>
                        <Select
                          aria-label={`Role of ${name}`}
                          w={140}
                          allowDeselect={false}
                          disabled={denial !== null}
                          data={ROLES.map((role) => ({ value: role, label: roleName(role) }))}
                          value={member.role}
                          onChange={(role) => {
                            if (role !== null) change.mutate({ id: member.id, role });
                          }}
                        />
                      </Tooltip>
                    </td>
                    <td>{formatDay(member.created_at)}</td>
                    <td className={styles["right"]}>
                      <Tooltip label={denial ?? "Remove from the workspace"}>
                        <ActionIcon
                          aria-label={`Remove ${name}`}
                          aria-disabled={denial !== null}
                          data-disabled={denial !== null || undefined}
                          onClick={() => {
                            if (denial === null) setRemoving(member);
                          }}
                        >
                          <Icon name="trash" size={14} />
                        </ActionIcon>
                      </Tooltip>
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      </Panel>
      <ConfirmDialog
        opened={removing !== null}
        title={`Remove ${removing?.user.email ?? ""}`}
        verb="Remove member"
        danger
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => {
          if (removing !== null) remove.mutate(removing.id);
        }}
        onClose={() => setRemoving(null)}
      >
        They no longer see this workspace. Keys they made keep working until they are revoked.
      </ConfirmDialog>
    </>
  );
}
