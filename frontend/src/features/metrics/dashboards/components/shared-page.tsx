import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";

import { EmptyState } from "@/components/ui/empty-state";
import { ErrorState } from "@/components/ui/error-state";
import { RelativeTime } from "@/components/ui/relative-time";
import { inOrder } from "@/features/metrics/dashboards/grid";
import { sharedQuery } from "@/features/metrics/dashboards/links";
import { asApiError } from "@/lib/errors";
import { isPreset, PRESET_LABELS } from "@/lib/time";

import styles from "./dashboards.module.css";
import { PanelBody } from "./panel-body";
import { PanelFrame } from "./panel-frame";

/** A dashboard as somebody sees it who has only a link: nothing on it leads anywhere. */
export function SharedPage({ token }: { readonly token: string }) {
  const shared = useQuery(sharedQuery(token));
  useEffect(() => {
    // The token stands in the address: neither search engines nor other sites are told it.
    const metas = [
      ["robots", "noindex, nofollow"],
      ["referrer", "no-referrer"],
    ].map(([name = "", content = ""]) => Object.assign(document.createElement("meta"), { name, content }));
    document.head.append(...metas);
    return () => metas.forEach((meta) => meta.remove());
  }, []);
  useEffect(() => {
    if (shared.data !== undefined) document.title = shared.data.name;
  }, [shared.data]);
  return (
    <main className={styles["shared"]}>
      {shared.isPending && <Skeleton height={480} role="status" aria-label="Loading the dashboard" />}
      {shared.isError && shared.data === undefined && <Failed error={shared.error} onRetry={() => void shared.refetch()} />}
      {shared.data !== undefined && (
        <>
          <header className={styles["sharedHead"]}>
            <h1>{shared.data.name}</h1>
            <p className="muted">
              {isPreset(shared.data.range) ? PRESET_LABELS[shared.data.range] : shared.data.range}, as of <RelativeTime at={shared.data.asked.data.to} />
            </p>
          </header>
          {shared.isError && <p role="alert">This could not be asked for again. What is shown is from before.</p>}
          <div className={styles["grid"]}>
            {inOrder(shared.data.panels).map((panel) => (
              <PanelFrame key={panel.id} panel={panel}>
                <PanelBody panel={panel} asked={shared.data.asked} onZoom={undefined} />
              </PanelFrame>
            ))}
          </div>
        </>
      )}
    </main>
  );
}

function Failed({ error, onRetry }: { readonly error: Error; readonly onRetry: () => void }) {
  if (asApiError(error).status !== 404) return <ErrorState error={error} what="dashboard" onRetry={onRetry} />;
  return (
    <EmptyState icon="dashboards" title="This address shows nothing" heading="h1">
      It is wrong, it has ended, or it was taken back. Ask whoever gave it to you for a new one.
    </EmptyState>
  );
}
