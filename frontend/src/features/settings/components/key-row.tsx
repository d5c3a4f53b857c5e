import { RelativeTime } from "@/components/ui/relative-time";
import { GuardedButton } from "@/components/ui/guarded-button";
import { keyStatus, keyWeakness, roleName } from "@/features/settings/model";
import { formatDay } from "@/lib/time";
import { plural } from "@/lib/units";
import type { ApiKey } from "@/schema/wire/settings";

import styles from "./settings.module.css";

interface KeyRowProps {
  readonly apiKey: ApiKey;
  readonly now: number;
  readonly denial: string | null;
  readonly onRevoke: () => void;
}

export function KeyRow({ apiKey, now, denial, onRevoke }: KeyRowProps) {
  const status = keyStatus(apiKey, now);
  const weakness = keyWeakness(apiKey);
  const author = apiKey.created_by === null ? undefined : apiKey.created_by.name || apiKey.created_by.email;
  return (
    <tr data-off={status !== "active"}>
      <td>
        {apiKey.name}
        <span className={`${styles["under"]} mono`}>{apiKey.prefix}…</span>
      </td>
      <td title={apiKey.effective_scopes.join(", ")}>
        {apiKey.role === null ? plural(apiKey.scopes.length, "scope") : roleName(apiKey.role)}
        {apiKey.pool !== null && <span className={styles["under"]}>pool {apiKey.pool} only</span>}
        {status === "active" && weakness !== null && <span className={styles["under"]}>{weakness}</span>}
      </td>
      <td>
        {formatDay(apiKey.created_at)}
        {author !== undefined && <span className={styles["under"]}>{author}</span>}
      </td>
      <td>
        <RelativeTime at={apiKey.last_used_at} none="never" />
      </td>
      <td>
        {status === "revoked" && "Revoked"}
        {status === "expired" && "Expired"}
        {status === "active" && (apiKey.expires_at === null ? "never" : formatDay(apiKey.expires_at))}
      </td>
      <td className={styles["right"]}>
        {status === "active" && (
          <GuardedButton variant="default" reason={denial} onClick={onRevoke}>
            Revoke
          </GuardedButton>
        )}
      </td>
    </tr>
  );
}
