import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { ErrorState } from "@/components/ui/error-state";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { paths } from "@/config/paths";
import { impactQuery } from "@/features/world/api/world";
import { KindIcon } from "@/features/world/components/kind-icon";
import { impactSentence } from "@/features/world/model";
import { plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";

import styles from "./world.module.css";

const SHOWN = 40;

/** If it is late, who is affected? */
export function ImpactPanel({ id }: { readonly id: string }) {
  const { slug } = useWorkspace();
  const impact = useQuery(impactQuery(slug, id));
  if (impact.isPending) return <SkeletonRows rows={3} label="who is affected" />;
  if (impact.isError) return <ErrorState error={impact.error} what="impact" onRetry={() => void impact.refetch()} />;
  const { affected, owners } = impact.data;
  return (
    <Panel flush title="If it is late">
      <ul className={styles["list"]} aria-label="Who is affected">
        <li>
          <span className="muted">{impactSentence(impact.data)}</span>
        </li>
        {affected.slice(0, SHOWN).map((each) => (
          <li key={each.resource.id}>
            <KindIcon kind={each.resource.kind} size={14} />
            <span className={styles["grow"]}>
              <Link to={paths.worldResource} params={{ workspace: slug, resourceId: each.resource.id }}>
                {each.resource.label}
              </Link>
            </span>
            <span className={styles["aside"]}>{plural(each.distance, "step")}</span>
          </li>
        ))}
        {affected.length > SHOWN && (
          <li>
            <span className="muted">and {affected.length - SHOWN} more</span>
          </li>
        )}
        {owners.length > 0 && (
          <li>
            <span className="muted">Owned by {owners.map((owner) => owner.resource.label).join(", ")}</span>
          </li>
        )}
      </ul>
    </Panel>
  );
}
