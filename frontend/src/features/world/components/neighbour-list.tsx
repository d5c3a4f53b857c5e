import { Link } from "@tanstack/react-router";

import { Panel } from "@/components/ui/panel";
import { RelativeTime } from "@/components/ui/relative-time";
import { paths } from "@/config/paths";
import { KindIcon } from "@/features/world/components/kind-icon";
import { roleWord } from "@/features/world/model";
import { formatCount, plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { Neighbours } from "@/schema/wire/world";

import styles from "./world.module.css";

interface NeighbourListProps {
  readonly title: string;
  readonly neighbours: Neighbours;
  /** Said when there are none; left out, the list is left out, too. */
  readonly none?: string;
  readonly roles?: boolean;
}

/** Who or what touches it in one way, the latest first. */
export function NeighbourList({ title, neighbours, none, roles = false }: NeighbourListProps) {
  const { slug } = useWorkspace();
  const { items, total } = neighbours;
  if (items.length === 0 && none === undefined) return null;
  return (
    <Panel flush title={title} aside={total > 0 && <span className="muted">{total > items.length ? `${items.length} of ${formatCount(total)}` : formatCount(total)}</span>}>
      <ul className={styles["list"]} aria-label={title}>
        {items.length === 0 && (
          <li>
            <span className="muted">{none}</span>
          </li>
        )}
        {items.map((each) => (
          <li key={`${each.resource.id} ${each.role}`}>
            <KindIcon kind={each.resource.kind} size={14} />
            <span className={styles["grow"]} title={each.text ?? each.resource.name}>
              <Link to={paths.worldResource} params={{ workspace: slug, resourceId: each.resource.id }} className={each.resource.kind === "query" ? styles["mono"] : undefined}>
                {each.text ?? each.resource.label}
              </Link>
              {roles && <span className="muted"> {roleWord(each.role)}</span>}
            </span>
            <span className={styles["aside"]}>{plural(each.count, "time")}</span>
            <span className={styles["aside"]}>
              <RelativeTime at={each.last_seen} />
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
