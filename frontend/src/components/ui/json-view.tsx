import { ActionIcon, Button, Group, TextInput } from "@mantine/core";
import { useState } from "react";

import { Icon } from "./icon";
import { JsonNode } from "./json-node";
import styles from "./json-view.module.css";
import { useCopy } from "./use-copy";

interface JsonViewProps {
  readonly value: unknown;
  readonly label: string;
  readonly tools?: boolean;
  /** A small button to copy, where there is no room for the tools. */
  readonly copyable?: boolean;
}

/** JSON folded below the second level, searchable and copyable. */
export function JsonView({ value, label, tools = true, copyable = false }: JsonViewProps) {
  const [needle, setNeedle] = useState("");
  const { copied, copy } = useCopy();
  return (
    <div>
      {tools && (
        <Group gap={8} mb={8}>
          <TextInput
            aria-label={`Search in ${label}`}
            placeholder={`Search in ${label}`}
            value={needle}
            onChange={(event) => setNeedle(event.currentTarget.value)}
            leftSection={<Icon name="search" size={14} />}
            w={240}
          />
          <Button
            variant="default"
            leftSection={<Icon name={copied ? "check" : "copy"} size={14} />}
            onClick={() => copy(JSON.stringify(value, null, 2))}
          >
            {copied ? "Copied" : "Copy JSON"}
          </Button>
        </Group>
      )}
      <div className={styles["tree"]} role="group" aria-label={label}>
        <JsonNode value={value} depth={0} needle={needle.trim().toLowerCase()} />
        {copyable && (
          <ActionIcon
            className={styles["copy"] ?? ""}
            size="sm"
            aria-label={copied ? `Copied ${label}` : `Copy ${label}`}
            title="Copy JSON"
            onClick={() => copy(JSON.stringify(value, null, 2))}
          >
            <Icon name={copied ? "check" : "copy"} size={14} />
          </ActionIcon>
        )}
      </div>
    </div>
  );
}
