import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { Drawer } from "@/components/ui/dialog";
import { ErrorState } from "@/components/ui/error-state";
import { RelativeTime } from "@/components/ui/relative-time";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { paths } from "@/config/paths";
import { namesakesQuery } from "@/features/events/api/events";
import { aboutTerms, relatedTerms, type ResourceAsked } from "@/features/events/model";
import { plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";

import styles from "./events.module.css";

interface ResourceDrawerProps {
  readonly resource: ResourceAsked;
  readonly onAsk: (q: string) => void;
  readonly onClose: () => void;
}

/** A resource that an event names: what else is known of it, and which events are about it. */
export function ResourceDrawer({ resource, onAsk, onClose }: ResourceDrawerProps) {
  const { slug: workspace } = useWorkspace();
  const isRun = resource.kind === "run";
  const found = useQuery({ ...namesakesQuery(workspace, resource), enabled: !isRun });
  const known = found.data ?? [];
  return (
    <Drawer opened position="right" size="md" title={resource.name} onClose={onClose} closeButtonProps={{ "aria-label": "Close" }}>
      <p className="muted" style={{ marginTop: 0 }}>
        {resource.kind}
        {resource.namespace !== null && <span className="mono"> · {resource.namespace}</span>}
      </p>
      <div className={styles["asks"]}>
        <Button variant="default" onClick={() => onAsk(aboutTerms(resource))}>
          Events about it
        </Button>
        <Button variant="default" onClick={() => onAsk(relatedTerms(resource))}>
          Events it took part in
        </Button>
      </div>
      {isRun ? (
        <Link to={paths.run} params={{ workspace, runId: resource.name }} className="link">
          Open the run
        </Link>
      ) : (
        <h2 className={styles["drawerTitle"]}>In the world</h2>
      )}
      {found.isLoading && <SkeletonRows rows={2} height={44} label="what is known of it" />}
      {found.isError && <ErrorState error={found.error} what="what is known of it" onRetry={() => void found.refetch()} />}
      {found.isSuccess && known.length === 0 && <p className="muted">The world view doesn&rsquo;t know it by this name.</p>}
      {known.length > 0 && (
        <ul className={styles["namesakes"]} aria-label="In the world">
          {known.map((each) => (
            <li key={each.id}>
              <Link to={paths.worldResource} params={{ workspace, resourceId: each.id }} className="link">
                {each.name}
              </Link>
              <span className="muted">
                {each.namespace !== "" && <span className="mono">{each.namespace} · </span>}
                {plural(each.count, "time")}, last <RelativeTime at={each.last_seen} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Drawer>
  );
}
