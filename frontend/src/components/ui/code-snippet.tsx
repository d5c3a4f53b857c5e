import { ActionIcon, Tooltip } from "@mantine/core";

import styles from "./code-snippet.module.css";
import { Icon } from "./icon";
import { useCopy } from "./use-copy";

interface CodeSnippetProps {
  readonly code: string;
  readonly label?: string;
}

export function CodeSnippet({ code, label = "command" }: CodeSnippetProps) {
  const { copied, copy } = useCopy();
  return (
    <div className={styles["box"]}>
      <pre className={styles["code"]} tabIndex={0}>
        <code>{code}</code>
      </pre>
      <Tooltip label={copied ? "Copied" : `Copy ${label}`}>
        <ActionIcon className={styles["copy"] ?? ""} aria-label={`Copy ${label}`} onClick={() => copy(code)} size="sm">
          <Icon name={copied ? "check" : "copy"} size={14} />
        </ActionIcon>
      </Tooltip>
    </div>
  );
}
