import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";

import { GuardedButton } from "@/components/ui/guarded-button";
import { PageHeader } from "@/components/ui/page-header";
import { paths } from "@/config/paths";
import { KindIcon } from "@/features/world/components/kind-icon";
import { lookOf, ownId } from "@/features/world/model";
import { useWorkspace } from "@/lib/workspace";
import type { ResourceDetail, WorldResource } from "@/schema/wire/world";

import styles from "./world.module.css";

interface ResourceHeaderProps {
  readonly page: ResourceDetail;
  readonly denial: string | null;
  readonly onJoin: () => void;
}

/** What it is, where it belongs, and the ways from it. */
export function ResourceHeader({ page, denial, onJoin }: ResourceHeaderProps) {
  const { slug: workspace } = useWorkspace();
  const { resource } = page;
  const { word, many } = lookOf(resource.kind);
  return (
    <>
      <nav aria-label="Where this belongs" className={styles["crumbs"]}>
        <Link to={paths.world} params={{ workspace }} className="link">
          World
        </Link>
        <span aria-hidden="true">/</span>
        <Link to={paths.world} params={{ workspace }} search={{ kind: [resource.kind] }} className="link">
          {many}
        </Link>
      </nav>
      <PageHeader
        title={resource.label}
        answer={
          <span className={styles["name"]}>
            <KindIcon kind={resource.kind} size={14} /> {word}
            {resource.namespace !== "" && <span className="mono">{resource.namespace}</span>}
          </span>
        }
      >
        <OwnPage resource={resource} workspace={workspace} />
        <Button component={Link} variant="default" to={`/w/${workspace}/world?focus=${resource.id}`}>
          Show in the graph
        </Button>
        {page.alias_of === null && (
          <GuardedButton variant="default" reason={denial} onClick={onJoin}>
            Same as…
          </GuardedButton>
        )}
      </PageHeader>
    </>
  );
}

/** Deployments and flows have pages of their own; here is only what they touch. */
function OwnPage({ resource, workspace }: { readonly resource: WorldResource; readonly workspace: string }) {
  const id = ownId(resource);
  if (id === null) return null;
  const [to, words] = resource.kind === "deployment" ? [`/w/${workspace}/deployments/${id}`, "Open the deployment"] : [`/w/${workspace}/runs?flow_id=${id}&range=7d`, "Its runs"];
  return (
    <Button component={Link} variant="default" to={to}>
      {words}
    </Button>
  );
}
