import { Link } from "@tanstack/react-router";

import { CopyId } from "@/components/ui/copy-id";
import { Facts } from "@/components/ui/facts";
import { RelativeTime } from "@/components/ui/relative-time";
import { TagList } from "@/components/ui/tag-list";
import { paths } from "@/config/paths";
import { codeText, overlapText } from "@/features/deployments/model";
import { sizeText } from "@/lib/task-state";
import { formatStep } from "@/lib/time";
import { formatBytes, plural } from "@/lib/units";
import { useWorkspace } from "@/lib/workspace";
import type { Deployment } from "@/schema/wire/deployments";

import styles from "./deployments.module.css";

/** What its newest deploy said. */
export function DeploymentFacts({ deployment }: { readonly deployment: Deployment }) {
  const { slug: workspace } = useWorkspace();
  return (
    <Facts
      facts={[
        {
          term: "Flow",
          value: (
            <Link to={paths.runs} params={{ workspace }} search={{ flow_id: deployment.flow.id, range: "7d" }} className="link">
              {deployment.flow.name}
            </Link>
          ),
        },
        {
          term: "Pool",
          value: (
            <Link to={paths.pools} params={{ workspace }} search={{ pool: deployment.pool.id }} className="link">
              {deployment.pool.name}
              {deployment.queue !== null && ` / ${deployment.queue.name}`}
            </Link>
          ),
        },
        { term: "Entry point", value: <span className="mono">{deployment.entrypoint}</span> },
        { term: "Code", value: <span className={`${styles["code"]} mono`}>{codeText(deployment)}</span> },
        ...(deployment.size === null ? [] : [{ term: "Size", value: sizeText(deployment.size) }]),
        ...(deployment.bundle === null
          ? []
          : [
              {
                term: "Bundle",
                value: (
                  <>
                    <CopyId id={deployment.bundle.sha256} label="checksum of the code" /> <span className="muted">{`${plural(deployment.bundle.files, "file")}, ${formatBytes(deployment.bundle.bytes)}`}</span>
                  </>
                ),
              },
              { term: "Uploaded", value: <RelativeTime at={deployment.bundle.created_at} /> },
            ]),
        {
          term: "Version",
          value: (
            <Link to={paths.deployment} params={{ workspace, deploymentId: deployment.id }} search={{ tab: "versions" }} className="link">
              {deployment.version_number}
              {deployment.version !== null && <span className="mono"> {deployment.version}</span>}
            </Link>
          ),
        },
        {
          term: "Overlap",
          value:
            deployment.concurrency_limit === null ? (
              overlapText(deployment)
            ) : (
              <Link to={paths.limits} params={{ workspace }} className="link">
                {overlapText(deployment)}
              </Link>
            ),
        },
        ...(deployment.owners.length === 0 ? [] : [{ term: "Owners", value: deployment.owners.map((owner) => owner.name).join(", ") }]),
        { term: "Timeout", value: deployment.timeout_seconds === null ? "none" : formatStep(deployment.timeout_seconds) },
        { term: "Retries", value: String(deployment.retries) },
        ...(deployment.tags.length === 0 ? [] : [{ term: "Tags", value: <TagList tags={deployment.tags} max={5} /> }]),
        { term: "Id", value: <CopyId id={deployment.id} label="deployment id" /> },
      ]}
    />
  );
}
