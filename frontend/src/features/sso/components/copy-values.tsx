import { ActionIcon, Tooltip } from "@mantine/core";

import { Icon } from "@/components/ui/icon";
import { useCopy } from "@/components/ui/use-copy";

import styles from "./sso.module.css";

interface CopyValuesProps {
  readonly label: string;
  readonly values: readonly { readonly label: string; readonly value: string }[];
}

/** Values to be carried over to somebody else's form, each copied by a click. */
export function CopyValues({ label, values }: CopyValuesProps) {
  return (
    <div className={styles["values"]} role="group" aria-label={label}>
      {values.map((each) => (
        <CopyValue key={each.label} {...each} />
      ))}
    </div>
  );
}

function CopyValue({ label, value }: { readonly label: string; readonly value: string }) {
  const { copied, copy } = useCopy();
  return (
    <div className={styles["value"]}>
      <span className="muted">{label}</span>
      <code>{value}</code>
      <Tooltip label={copied ? "Copied" : `Copy ${label.toLowerCase()}`}>
        <ActionIcon aria-label={`Copy ${label.toLowerCase()}`} onClick={() => copy(value)} size="sm">
          <Icon name={copied ? "check" : "copy"} size={14} />
        </ActionIcon>
      </Tooltip>
    </div>
  );
}
