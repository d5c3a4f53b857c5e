import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";

import { GuardedButton } from "@/components/ui/guarded-button";
import { Icon } from "@/components/ui/icon";
import { ListStates } from "@/components/ui/list-states";
import { Panel } from "@/components/ui/panel";
import { RelativeTime } from "@/components/ui/relative-time";
import { usePages } from "@/components/ui/use-pages";
import { versionsQuery } from "@/features/deployments/api/queries";
import { RollBackDialog } from "@/features/deployments/components/roll-back-dialog";
import { SpecDiff } from "@/features/deployments/components/spec-diff";
import { differences, wordOfColumn } from "@/features/deployments/versions";
import { useMay } from "@/lib/may";
import { useWorkspace } from "@/lib/workspace";
import type { Deployment, DeploymentVersion } from "@/schema/wire/deployments";

import styles from "./versions.module.css";

interface VersionsTabProps {
  readonly deployment: Deployment;
  readonly open: string | undefined;
  readonly onOpen: (version: string | undefined) => void;
}

/** Who deployed what when, how it differs from what stood before, and the way back. */
export function VersionsTab({ deployment, open, onOpen }: VersionsTabProps) {
  const { slug } = useWorkspace();
  const versions = useInfiniteQuery(versionsQuery(slug, deployment.id));
  const { rows, more } = usePages(versions);
  const denial = useMay(deployment.may, "deployments:write");
  const [backTo, setBackTo] = useState<DeploymentVersion | null>(null);
  const current = rows.find((version) => version.current);
  return (
    <>
      <ListStates query={versions} what="versions" count={rows.length} empty={<p className="muted">It was deployed before versions were kept; the next deploy makes the first.</p>}>
        <Panel flush>
          <ol className={styles["versions"]} aria-label="Versions">
            {rows.map((version, index) => (
              <li key={version.number}>
                <VersionLine
                  version={version}
                  reason={denial}
                  open={open === String(version.number)}
                  onToggle={() => onOpen(open === String(version.number) ? undefined : String(version.number))}
                  onRollBack={() => setBackTo(version)}
                />
                {open === String(version.number) && <VersionDiff version={version} before={rows[index + 1]} last={!versions.hasNextPage} onMore={more} />}
              </li>
            ))}
          </ol>
        </Panel>
        {versions.hasNextPage && (
          <GuardedButton variant="default" reason={null} loading={versions.isFetchingNextPage} mt="sm" onClick={more}>
            Show more
          </GuardedButton>
        )}
      </ListStates>
      {backTo !== null && <RollBackDialog deployment={deployment} version={backTo} current={current} onClose={() => setBackTo(null)} />}
    </>
  );
}

interface VersionLineProps {
  readonly version: DeploymentVersion;
  readonly reason: string | null;
  readonly open: boolean;
  readonly onToggle: () => void;
  readonly onRollBack: () => void;
}

function VersionLine({ version, reason, open, onToggle, onRollBack }: VersionLineProps) {
  return (
    <div className={styles["line"]} data-current={version.current}>
      <button type="button" className={styles["number"]} aria-expanded={open} aria-label={`Version ${version.number}`} onClick={onToggle}>
        <Icon name={open ? "chevronDown" : "chevronRight"} size={12} /> {version.number}
      </button>
      <div className={styles["what"]}>
        <span>
          {version.label !== null && <span className="mono">{version.label} </span>}
          {version.changes.length === 0 ? <span className="muted">{version.number === 1 ? "the first" : "nothing new"}</span> : version.changes.map(wordOfColumn).join(", ")}
          {version.of_number !== null && <span className="muted"> · back to {version.of_number}</span>}
        </span>
        <span className={styles["under"]}>
          {version.created_by === null ? "" : `${version.created_by.name}, `}
          <RelativeTime at={version.created_at} />
        </span>
      </div>
      {version.current ? (
        <span className={styles["stands"]}>Current</span>
      ) : (
        <GuardedButton variant="default" size="compact-xs" reason={reason} onClick={onRollBack}>
          Roll back
        </GuardedButton>
      )}
    </div>
  );
}

interface VersionDiffProps {
  readonly version: DeploymentVersion;
  readonly before: DeploymentVersion | undefined;
  readonly last: boolean;
  readonly onMore: () => void;
}

function VersionDiff({ version, before, last, onMore }: VersionDiffProps) {
  if (before !== undefined) return <SpecDiff differences={differences(before.spec, version.spec)} />;
  if (last) return <SpecDiff differences={differences({}, version.spec)} />;
  return (
    <p className={styles["none"]}>
      What it changed stands with the version before it.{" "}
      <button type="button" className="link" onClick={onMore}>
        Show more versions
      </button>
    </p>
  );
}
