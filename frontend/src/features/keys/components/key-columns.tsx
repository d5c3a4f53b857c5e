import type { Column } from "@/components/ui/endless-table";
import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { RelativeTime } from "@/components/ui/relative-time";
import type { KeyRow } from "@/features/keys/components/keys-panel";
import { keyStatus, keyWeakness, roleName } from "@/features/keys/model";
import { formatDay } from "@/lib/time";
import { plural } from "@/lib/units";

import styles from "./keys.module.css";

interface KeyColumnsInput {
  readonly now: number;
  /** The list is of several workspaces. */
  readonly spans: boolean;
  /** All are of one service account, or one's own: that needs no saying. */
  readonly ofOne: boolean;
  readonly denialOf: (key: KeyRow) => string | null;
  readonly rotationDenialOf: (key: KeyRow) => string | null;
  readonly onRotate: (key: KeyRow) => void;
  readonly onRevoke: (key: KeyRow) => void;
}

export function keyColumns({ now, spans, ofOne, denialOf, rotationDenialOf, onRotate, onRevoke }: KeyColumnsInput): readonly Column<KeyRow>[] {
  return [
    {
      key: "key",
      label: "Key",
      width: "minmax(150px, 1.2fr)",
      cell: (key) => (
        <>
          <span className={styles["name"]}>{key.name}</span>
          <span className={`${styles["under"]} mono`}>{key.prefix}…</span>
        </>
      ),
    },
    ...(spans ? [{ key: "workspace", label: "Workspace", width: "minmax(110px, 0.9fr)", cell: (key: KeyRow) => key.workspace?.name ?? <span className="muted">–</span> }] : []),
    ...(ofOne
      ? []
      : [
          {
            key: "whose",
            label: "Whose",
            width: "minmax(120px, 1fr)",
            cell: (key: KeyRow) =>
              key.service_account !== null ? (
                <span className={styles["whose"]}>
                  <Icon name="robot" size={14} /> {key.service_account.name}
                </span>
              ) : (
                <span className={styles["whose"]}>
                  <Icon name="user" size={14} /> {key.created_by === null ? "nobody any more" : key.created_by.name || key.created_by.email}
                </span>
              ),
          },
        ]),
    {
      key: "may",
      label: "May",
      width: "minmax(110px, 1fr)",
      cell: (key) => {
        const weakness = keyStatus(key, now) === "active" ? keyWeakness(key) : null;
        return (
          <span title={key.effective_scopes.join(", ")}>
            {key.role === null ? plural(key.scopes.length, "scope") : roleName(key.role)}
            {key.pool !== null && <span className={styles["under"]}>pool {key.pool} only</span>}
            {weakness !== null && <span className={styles["warn"]}>{weakness}</span>}
          </span>
        );
      },
    },
    {
      key: "used",
      label: "Last used",
      width: "minmax(100px, 0.8fr)",
      cell: (key) => (
        <>
          <RelativeTime at={key.last_used_at} none="never" />
          {key.last_used_from !== null && <span className={`${styles["under"]} mono`}>{key.last_used_from}</span>}
          {key.stale && keyStatus(key, now) === "active" && <span className={styles["warn"]}>stale</span>}
        </>
      ),
    },
    {
      key: "ends",
      label: "Ends",
      width: "minmax(96px, 0.7fr)",
      cell: (key) => {
        const status = keyStatus(key, now);
        if (status === "revoked") return "Revoked";
        if (status === "expired") return key.rotated_to === null ? "Expired" : "Rotated";
        return (
          <>
            {key.expires_at === null ? "never" : <RelativeTime at={key.expires_at} />}
            {key.rotated_to !== null && <span className={styles["under"]}>rotated: use the new one</span>}
          </>
        );
      },
    },
    { key: "created", label: "Created", width: "76px", from: "wide", align: "right", cell: (key) => formatDay(key.created_at) },
    {
      key: "actions",
      label: "Actions",
      quiet: true,
      width: "160px",
      cell: (key) =>
        keyStatus(key, now) === "active" ? (
          <>
            {key.rotated_to === null && (
              <GuardedButton variant="default" reason={denialOf(key) ?? rotationDenialOf(key)} onClick={() => onRotate(key)}>
                Rotate
              </GuardedButton>
            )}
            <GuardedButton variant="default" reason={denialOf(key)} onClick={() => onRevoke(key)}>
              Revoke
            </GuardedButton>
          </>
        ) : null,
    },
  ];
}
