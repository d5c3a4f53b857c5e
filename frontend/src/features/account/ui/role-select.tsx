import { Select, Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { rolesQuery } from "@/features/account/api/roles";
import { roleOptions } from "@/features/account/model";

import styles from "./account.module.css";

interface RoleSelectProps {
  readonly account: string;
  readonly label: string;
  /** The label is for who hears it: the column above says it to the eyes. */
  readonly quiet?: boolean;
  readonly value: string;
  /** What the present role is called, until the list of all is there. */
  readonly name?: string;
  readonly onChange: (key: string) => void;
  /** Why it can't be changed; null when it can. It keeps its focus, so the reason can be read by keyboard. */
  readonly reason?: string | null;
  readonly width?: number | string;
  readonly error?: string | undefined;
}

/** A role of a workspace: one that is built in, or one of the account's own. */
export function RoleSelect({ account, label, quiet = false, value, name, onChange, reason = null, width = "100%", error }: RoleSelectProps) {
  const roles = useQuery(rolesQuery(account));
  const options = roleOptions(roles.data);
  const listed = options.some((group) => group.items.some((item) => item.value === value));
  return (
    <Tooltip label={reason} disabled={reason === null} multiline maw={280} events={{ hover: true, focus: true, touch: true }}>
      <Select
        {...(quiet ? { "aria-label": label } : { label })}
        w={width}
        allowDeselect={false}
        readOnly={reason !== null}
        {...(reason === null ? {} : { classNames: { input: styles["fixed"] }, rightSection: <span /> })}
        aria-description={reason ?? undefined}
        data={listed || value === "" || name === undefined ? options : [{ value, label: name }, ...options]}
        value={value}
        error={error}
        onChange={(next) => {
          if (next !== null && next !== value) onChange(next);
        }}
      />
    </Tooltip>
  );
}
