import { useId, useState, type DragEvent } from "react";

import { Icon } from "@/components/ui/icon";
import { formatBytes } from "@/lib/units";

import styles from "./query-log.module.css";

interface DropZoneProps {
  readonly file: File | null;
  /** Why nothing can be sent; null when it can. */
  readonly denial: string | null;
  readonly onFile: (file: File | null) => void;
}

/** A file is dropped here, or chosen: the whole of it is the label of a file input. */
export function DropZone({ file, denial, onFile }: DropZoneProps) {
  const hint = useId();
  const [over, setOver] = useState(false);
  const isOff = denial !== null;
  const drag = (inside: boolean) => (event: DragEvent) => {
    event.preventDefault();
    setOver(inside && !isOff);
  };
  return (
    <label
      className={styles["zone"]}
      data-over={over || undefined}
      data-off={isOff || undefined}
      onDragOver={drag(true)}
      onDragLeave={drag(false)}
      onDrop={(event) => {
        drag(false)(event);
        const dropped = event.dataTransfer.files[0];
        if (dropped !== undefined && !isOff) onFile(dropped);
      }}
    >
      <input
        type="file"
        className={styles["input"]}
        aria-label="Query log"
        aria-describedby={hint}
        accept=".csv,.log,.txt,.tsv,.ndjson,.jsonl,.json,.gz"
        disabled={isOff}
        onChange={(event) => {
          const chosen = event.currentTarget.files?.[0];
          if (chosen !== undefined) onFile(chosen);
          event.currentTarget.value = ""; // the same file may be chosen again
        }}
      />
      <Icon name={file === null ? "arrowUp" : "check"} size={20} />
      <strong className={styles["name"]}>{file === null ? "Drop a query log here, or choose a file" : file.name}</strong>
      <span id={hint} className="muted">
        {denial ?? (file === null ? "CSV or NDJSON, packed with gzip or not, of any length. The same file twice adds nothing." : `${formatBytes(file.size)}. Drop or choose another to take its place.`)}
      </span>
    </label>
  );
}
