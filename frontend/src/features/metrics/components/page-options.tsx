import { SegmentedControl, Select, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";

import { COMPARE_WORDS, COMPARES, VIEWS, type Compare } from "@/features/metrics/asked";
import type { MetricsSearch } from "@/features/metrics/search";
import { oneOf } from "@/lib/search-params";

import styles from "./metrics.module.css";

interface PageOptionsProps {
  readonly search: MetricsSearch;
  readonly onChange: (change: Partial<MetricsSearch>) => void;
  /** What else can be done with the charts. */
  readonly children: ReactNode;
}

const VIEW_WORDS = { lines: "Lines", bands: "Percentile bands", heat: "Heat map" } as const;

/** How all charts of the page are drawn. */
export function PageOptions({ search, onChange, children }: PageOptionsProps) {
  const [events, setEvents] = useState(search.events ?? "");
  const mark = () => {
    if (events.trim() !== (search.events ?? "")) onChange({ events: events.trim() === "" ? undefined : events.trim() });
  };
  return (
    <div className={styles["options"]} role="group" aria-label="How charts are drawn">
      <SegmentedControl
        aria-label="Chart"
        size="xs"
        data={VIEWS.map((view) => ({ value: view, label: VIEW_WORDS[view] }))}
        value={search.view ?? "lines"}
        onChange={(value) => {
          const view = oneOf(value, VIEWS);
          onChange({ view: view === "lines" ? undefined : view });
        }}
      />
      {search.view === undefined && (
        <Select
          aria-label="Compare with"
          placeholder="Compare with …"
          clearable
          clearButtonProps={{ "aria-label": "Compare with nothing" }}
          data={(Object.keys(COMPARES) as Compare[]).map((each) => ({ value: each, label: COMPARE_WORDS[each] }))}
          value={search.compare ?? null}
          onChange={(value) => onChange({ compare: oneOf(value, Object.keys(COMPARES) as Compare[]) })}
        />
      )}
      {search.view !== "heat" && (
        <TextInput
          aria-label="Mark events"
          placeholder="Mark events: deploy.*"
          autoComplete="off"
          maxLength={200}
          value={events}
          onChange={(event) => setEvents(event.currentTarget.value)}
          onBlur={mark}
          onKeyDown={(event) => {
            if (event.key === "Enter") mark();
          }}
        />
      )}
      {children}
    </div>
  );
}
