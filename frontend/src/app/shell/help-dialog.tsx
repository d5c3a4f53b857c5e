import { Modal } from "@mantine/core";

import { Kbd } from "@/components/ui/kbd";
import { commandKey } from "@/lib/keyboard";

import styles from "./help-dialog.module.css";

const KEYS: readonly [keys: readonly string[], what: string][] = [
  [[commandKey], "Search or jump to anything"],
  [["/"], "Filter this page"],
  [["j"], "Next row"],
  [["k"], "Previous row"],
  [["Enter"], "Open the row"],
  [["Esc"], "Back"],
  [["?"], "This help"],
];

interface HelpDialogProps {
  readonly pages: readonly { readonly key: string; readonly label: string }[];
  readonly opened: boolean;
  readonly onClose: () => void;
}

export function HelpDialog({ pages, opened, onClose }: HelpDialogProps) {
  return (
    <Modal opened={opened} onClose={onClose} title="Keyboard">
      <div className={styles["columns"]}>
        <dl className={styles["list"]}>
          {KEYS.map(([keys, what]) => (
            <div key={what} className={styles["row"]}>
              <dt>{what}</dt>
              <dd>
                {keys.map((key) => (
                  <Kbd key={key}>{key}</Kbd>
                ))}
              </dd>
            </div>
          ))}
        </dl>
        <dl className={styles["list"]}>
          {pages.map((item) => (
            <div key={item.key} className={styles["row"]}>
              <dt>{item.label}</dt>
              <dd>
                <Kbd>g</Kbd> <Kbd>{item.key}</Kbd>
              </dd>
            </div>
          ))}
        </dl>
      </div>
    </Modal>
  );
}
