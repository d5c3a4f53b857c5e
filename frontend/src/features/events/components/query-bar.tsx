import { TextInput } from "@mantine/core";
import { useState } from "react";

import { Icon } from "@/components/ui/icon";
import { Kbd } from "@/components/ui/kbd";
import { formatQuery, parseQuery, type EventsSearch } from "@/features/events/model";

import styles from "./events.module.css";

interface QueryBarProps {
  readonly search: EventsSearch;
  readonly names: readonly string[];
  readonly onChange: (change: Partial<EventsSearch>) => void;
}

const NOTHING = { name: undefined, resource_kind: undefined, resource_name: undefined, run_id: undefined, q: undefined } as const;

/** Filters typed as words; completion offers the keys and the names seen in the range. */
export function QueryBar({ search, names, onChange }: QueryBarProps) {
  const canonical = formatQuery(search);
  const [text, setText] = useState(canonical);
  const [known, setKnown] = useState(canonical);
  if (known !== canonical) {
    setKnown(canonical);
    setText(canonical);
  }
  const before = text.slice(0, text.length - (text.split(/\s+/).at(-1)?.length ?? 0));
  const offers = [...["name:", "kind:", "resource:", "run:"], ...names.map((name) => `name:${name}`)];
  return (
    <form
      className={styles["query"]}
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        onChange({ ...NOTHING, ...parseQuery(text), event: undefined });
      }}
    >
      <TextInput
        aria-label="Filter events"
        placeholder="name:table.* kind:table resource:orders run:…  or any word, then Enter"
        value={text}
        list="event-query-offers"
        data-page-search
        autoComplete="off"
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
        }}
        leftSection={<Icon name="search" size={14} />}
        rightSection={<Kbd>/</Kbd>}
      />
      <datalist id="event-query-offers">
        {offers.map((offer) => (
          <option key={offer} value={before + offer} />
        ))}
      </datalist>
    </form>
  );
}
