import { Button } from "@mantine/core";

import type { Progress } from "@/features/query-log/api/import";
import { formatBytes, formatCount, plural } from "@/lib/units";

import styles from "./query-log.module.css";

interface ImportProgressProps {
  readonly file: File;
  readonly progress: Progress;
  readonly onStop: () => void;
}

/** How far a file has come. */
export function ImportProgress({ file, progress: { read, totals, waitSeconds }, onStop }: ImportProgressProps) {
  const share = file.size === 0 ? 1 : Math.min(read / file.size, 1);
  return (
    <section className={styles["sending"]} aria-label="Import">
      <h2 className={styles["title"]}>{file.name}</h2>
      <progress className={styles["progress"]} aria-label={`${file.name}, read`} max={1} value={share} />
      <p className={styles["said"]}>
        <span>
          {formatBytes(Math.min(read, file.size))} of {formatBytes(file.size)}
        </span>
        <span>{formatCount(totals.accepted)} taken</span>
        <span>{formatCount(totals.duplicates)} there already</span>
        {totals.rejected > 0 && <span>{formatCount(totals.rejected)} refused</span>}
      </p>
      <p role="status" className="muted">
        {waitSeconds === null ? "" : `Over what the workspace may send in a minute: goes on in ${plural(Math.ceil(waitSeconds), "second")}.`}
      </p>
      <div>
        <Button variant="default" onClick={onStop}>
          Stop
        </Button>
      </div>
    </section>
  );
}
