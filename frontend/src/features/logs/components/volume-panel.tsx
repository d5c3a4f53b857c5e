import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton-rows";
import { formatExact } from "@/lib/time";
import { formatBytes, formatCompact } from "@/lib/units";
import type { LogVolume } from "@/schema/wire/runs";

import styles from "./logs.module.css";

interface VolumePanelProps {
  readonly volume: LogVolume | undefined;
  readonly failed: boolean;
  readonly chosen: string | undefined;
  readonly onChoose: (deploymentId: string | undefined) => void;
}

/** Who writes how much: the deployments with the most bytes, each a filter. */
export function VolumePanel({ volume, failed, chosen, onChoose }: VolumePanelProps) {
  const most = Math.max(1, ...(volume?.deployments.map((each) => each.bytes) ?? []));
  return (
    <Panel title="By deployment" flush>
      {failed && <p className="muted" style={{ margin: 12 }}>Not loaded</p>}
      {volume === undefined && !failed && <SkeletonRows rows={5} height={40} label="the volume" />}
      {volume !== undefined && (
        <ul className={styles["writers"]}>
          {volume.deployments.map((each) => {
            const id = each.deployment_id;
            const share = { "--share": `${(each.bytes / most) * 100}%` } as React.CSSProperties;
            const figures = (
              <span className="muted tabular">
                {formatBytes(each.bytes)} · {formatCompact(each.lines)} {each.lines === 1 ? "line" : "lines"}
              </span>
            );
            return (
              <li key={id ?? "rest"}>
                {id === null ? (
                  <div className={styles["writer"]} style={share}>
                    <span>All others</span>
                    {figures}
                  </div>
                ) : (
                  <button type="button" className={styles["writer"]} style={share} aria-pressed={chosen === id} onClick={() => onChoose(chosen === id ? undefined : id)}>
                    <span>
                      {each.flow} / {each.deployment}
                    </span>
                    {figures}
                  </button>
                )}
              </li>
            );
          })}
          {volume.deployments.length === 0 && <li className="muted" style={{ padding: 8 }}>Nothing was written</li>}
        </ul>
      )}
      {volume !== undefined && volume.counted_from !== null && (
        <p className={styles["counted"]}>Counted back to {formatExact(volume.counted_from)}, then the time was up.</p>
      )}
    </Panel>
  );
}
