import { Button, Popover, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";

import styles from "./facet-menu.module.css";
import { Icon } from "./icon";

export interface FacetOption {
  readonly value: string;
  readonly label: string;
  readonly icon?: ReactNode;
}

interface FacetMenuProps {
  readonly label: string;
  readonly options: readonly FacetOption[] | null;
  readonly selected: readonly string[];
  readonly onChange: (selected: readonly string[]) => void;
  readonly multiple?: boolean;
  readonly onOpen?: () => void;
  readonly error?: string | null;
}

const SEARCH_FROM = 8;

/** One filter of a list. Its options are fetched when it opens, not with the page. */
export function FacetMenu({ label, options, selected, onChange, multiple = false, onOpen, error = null }: FacetMenuProps) {
  const [opened, setOpened] = useState(false);
  const [needle, setNeedle] = useState("");
  const names = selected.map((value) => options?.find((option) => option.value === value)?.label ?? "1 chosen");
  const shown = (options ?? []).filter((option) => option.label.toLowerCase().includes(needle.toLowerCase()));

  const toggle = (value: string) => {
    const has = selected.includes(value);
    if (multiple) onChange(has ? selected.filter((each) => each !== value) : [...selected, value]);
    else {
      onChange(has ? [] : [value]);
      setOpened(false);
    }
  };

  return (
    <Popover
      opened={opened}
      onChange={setOpened}
      position="bottom-start"
      trapFocus
      onOpen={() => {
        setNeedle("");
        onOpen?.();
      }}
    >
      <Popover.Target>
        <Button
          variant="default"
          data-active={selected.length > 0}
          className={styles["target"] ?? ""}
          onClick={() => setOpened(!opened)}
          rightSection={<Icon name="chevronDown" size={12} />}
        >
          {label}
          {selected.length > 0 && (
            <span className={styles["chosen"]}>{names.length > 2 ? `${names.length} chosen` : names.join(", ")}</span>
          )}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={6} w={248}>
        {(options?.length ?? 0) > SEARCH_FROM && (
          <TextInput
            aria-label={`Find ${label.toLowerCase()}`}
            placeholder={`Find ${label.toLowerCase()}`}
            value={needle}
            onChange={(event) => setNeedle(event.currentTarget.value)}
            mb={6}
          />
        )}
        <div role="group" aria-label={label} className={styles["list"]}>
          {options === null && error === null && <p className={styles["note"]}>Loading</p>}
          {error !== null && <p className={styles["note"]}>{error}</p>}
          {options !== null && shown.length === 0 && <p className={styles["note"]}>Nothing to choose from.</p>}
          {shown.map((option) => (
            <button
              key={option.value}
              type="button"
              role={multiple ? "checkbox" : "radio"}
              aria-checked={selected.includes(option.value)}
              className={styles["option"]}
              onClick={() => toggle(option.value)}
            >
              {option.icon}
              <span className={styles["label"]}>{option.label}</span>
              {selected.includes(option.value) && <Icon name="check" size={14} />}
            </button>
          ))}
        </div>
        {selected.length > 0 && (
          <button type="button" className={styles["clear"]} onClick={() => onChange([])}>
            Clear
          </button>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}
