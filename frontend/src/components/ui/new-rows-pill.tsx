import { formatCount } from "@/lib/units";

import { Icon } from "./icon";
import styles from "./new-rows-pill.module.css";

interface NewRowsPillProps {
  readonly count: number;
  readonly noun: string;
  readonly onShow: () => void;
}

/** New rows wait here until asked for: nothing under the pointer moves. */
export function NewRowsPill({ count, noun, onShow }: NewRowsPillProps) {
  return (
    <div className={styles["slot"]} aria-live="polite">
      {count > 0 && (
        <button type="button" className={styles["pill"]} onClick={onShow}>
          <Icon name="arrowUp" size={13} />
          {formatCount(count)} new {noun}
        </button>
      )}
    </div>
  );
}
