import { ActionIcon, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useState } from "react";

import { Icon } from "./icon";
import { Kbd } from "./kbd";

interface SearchInputProps {
  readonly value: string;
  readonly label: string;
  readonly onChange: (value: string) => void;
  readonly width?: number | string;
}

const SETTLE_MS = 250;

/** Types freely, reports once the fingers rest. `/` focuses it from anywhere on the page. */
export function SearchInput({ value, label, onChange, width = 220 }: SearchInputProps) {
  const [text, setText] = useState(value);
  const [known, setKnown] = useState(value);
  if (known !== value) {
    setKnown(value);
    setText(value);
  }
  const report = useDebouncedCallback(onChange, SETTLE_MS);
  return (
    <TextInput
      aria-label={label}
      placeholder={label}
      value={text}
      data-page-search
      w={width}
      onChange={(event) => {
        setText(event.currentTarget.value);
        report(event.currentTarget.value.trim());
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") event.currentTarget.blur();
      }}
      leftSection={<Icon name="search" size={14} />}
      rightSection={
        text === "" ? (
          <Kbd>/</Kbd>
        ) : (
          <ActionIcon
            size="sm"
            aria-label={`Clear ${label.toLowerCase()}`}
            onClick={() => {
              setText("");
              onChange("");
            }}
          >
            <Icon name="close" size={12} />
          </ActionIcon>
        )
      }
    />
  );
}
