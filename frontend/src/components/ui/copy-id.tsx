import { Tooltip } from "@mantine/core";

import { shortenId } from "@/lib/units";

import styles from "./copy-id.module.css";
import { useCopy } from "./use-copy";

interface CopyIdProps {
  readonly id: string;
  readonly label?: string;
  readonly full?: boolean;
}

/** An id in monospace, shortened in the middle, copied by a click. */
export function CopyId({ id, label = "id", full = false }: CopyIdProps) {
  const { copied, copy } = useCopy();
  return (
    <Tooltip label={copied ? "Copied" : `Copy ${label} ${id}`} openDelay={copied ? 0 : 300}>
      <button
        type="button"
        className={styles["id"]}
        onClick={(event) => {
          event.stopPropagation();
          event.preventDefault();
          copy(id);
        }}
      >
        {copied ? "Copied" : full ? id : shortenId(id)}
        <span className="visually-hidden"> copy {label}</span>
      </button>
    </Tooltip>
  );
}
