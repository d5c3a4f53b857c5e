import { Autocomplete } from "@mantine/core";
import { useState } from "react";

import { offersFor, type Vocabulary } from "@/lib/query-terms";
import type { QueryFault } from "@/lib/query-fault";

import { Icon } from "./icon";
import { Kbd } from "./kbd";
import styles from "./query-bar.module.css";

interface QueryBarProps {
  readonly value: string;
  readonly label: string;
  readonly placeholder: string;
  readonly vocabulary: Vocabulary;
  readonly fault: QueryFault | null;
  readonly onSubmit: (query: string) => void;
}

/** A search typed as terms: completes what it knows, and shows what can't be read where it stands. */
export function QueryBar({ value, label, placeholder, vocabulary, fault, onSubmit }: QueryBarProps) {
  const [text, setText] = useState(value);
  const [known, setKnown] = useState(value);
  if (known !== value) {
    setKnown(value);
    setText(value);
  }
  const offers = offersFor(text, vocabulary);
  const shown = new Map(offers.map((offer) => [offer.text, offer.shown]));
  return (
    <form
      className={styles["form"]}
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit(text.trim());
      }}
    >
      <Autocomplete
        aria-label={label}
        placeholder={placeholder}
        value={text}
        onChange={setText}
        data={[...shown.keys()]}
        filter={({ options }) => options}
        renderOption={({ option }) => <span className="mono">{shown.get(option.value) ?? option.value}</span>}
        maxDropdownHeight={280}
        spellCheck={false}
        autoCapitalize="off"
        data-page-search
        error={fault === null || text.trim() !== value ? undefined : <Fault query={value} fault={fault} />}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
        }}
        leftSection={<Icon name="search" size={14} />}
        rightSection={<Kbd>/</Kbd>}
        rightSectionPointerEvents="none"
        classNames={{ input: styles["input"] ?? "" }}
      />
    </form>
  );
}

function Fault({ query, fault }: { readonly query: string; readonly fault: QueryFault }) {
  const end = fault.position + fault.length;
  return (
    <>
      {fault.message}
      <code className={styles["faulty"]}>
        {query.slice(0, fault.position)}
        <mark>{query.slice(fault.position, end) || " "}</mark>
        {query.slice(end)}
      </code>
    </>
  );
}
