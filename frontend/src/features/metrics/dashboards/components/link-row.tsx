import { useMutation, useQueryClient } from "@tanstack/react-query";

import { GuardedButton } from "@/components/ui/guarded-button";
import { Refusal } from "@/components/ui/refusal";
import { RelativeTime } from "@/components/ui/relative-time";
import { changeLink, linkKeys, revokeLink } from "@/features/metrics/dashboards/links";
import { useNow } from "@/lib/now";
import { useWorkspace } from "@/lib/workspace";
import type { Dashboard, DashboardLink } from "@/schema/wire/dashboards";

import styles from "./dashboards.module.css";

interface LinkRowProps {
  readonly link: DashboardLink;
  readonly dashboard: Dashboard;
  readonly denial: string | null;
}

/** One link: since when, until when, and whether it shows the dashboard as it is now. */
export function LinkRow({ link, dashboard, denial }: LinkRowProps) {
  const { slug } = useWorkspace();
  const client = useQueryClient();
  const onSettled = () => client.invalidateQueries({ queryKey: linkKeys.of(slug, dashboard.id) });
  const show = useMutation({ mutationFn: () => changeLink(slug, dashboard.id, link.id, { version: dashboard.version }), onSettled });
  const revoke = useMutation({ mutationFn: () => revokeLink(slug, dashboard.id, link.id), onSettled });
  const now = useNow();
  const over = link.expires_at !== null && Date.parse(link.expires_at) <= now;
  const error = show.error ?? revoke.error;
  return (
    <li>
      <span className={styles["link"]}>
        <span className="mono">{link.token_start}…</span>{" "}
        <span className="muted">
          {link.created_by === null ? "" : `by ${link.created_by}, `}
          {link.expires_at === null ? "until it is taken back" : <>{over ? "ended" : "ends"} <RelativeTime at={link.expires_at} /></>}
        </span>
        {error !== null && <Refusal error={error} />}
      </span>
      {link.version !== dashboard.version && (
        <GuardedButton size="compact-xs" variant="default" reason={denial} loading={show.isPending} onClick={() => show.mutate()}>
          Show the changes since
        </GuardedButton>
      )}
      <GuardedButton size="compact-xs" variant="default" color="red" reason={denial} loading={revoke.isPending} aria-label={`Take back ${link.token_start}`} onClick={() => revoke.mutate()}>
        Take back
      </GuardedButton>
    </li>
  );
}
