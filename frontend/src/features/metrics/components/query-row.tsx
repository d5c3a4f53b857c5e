import { ActionIcon, MultiSelect, Select } from "@mantine/core";
import { useState } from "react";

import { Icon } from "@/components/ui/icon";
import { oneOf } from "@/lib/search-params";
import { AGGREGATES, type MetricInfo, type MetricQuery } from "@/schema/wire/telemetry";

import styles from "./metrics.module.css";

interface QueryRowProps {
  readonly letter: string;
  readonly query: MetricQuery;
  readonly metrics: readonly MetricInfo[];
  readonly hidden: boolean;
  readonly onChange: (query: MetricQuery) => void;
  /** Where formulas are, a query may be there for them only. */
  readonly onHide: ((hidden: boolean) => void) | undefined;
  readonly onRemove: () => void;
}

const TYPED = /^\s*[^=\s][^=]*=/;

/** One question in one line: which number, how summed up, split by what, only where. */
export function QueryRow({ letter, query, metrics, hidden, onChange, onHide, onRemove }: QueryRowProps) {
  const info = metrics.find((metric) => metric.name === query.name);
  const labels = Object.keys(info?.labels ?? {});
  const known = Object.entries(info?.labels ?? {});
  const [typed, setTyped] = useState("");
  const where = Object.entries(query.where ?? {}).flatMap(([label, values]) => values.map((value) => `${label}=${value}`));
  return (
    <div className={styles["query"]} role="group" aria-label={`Query ${letter}`}>
      {onHide === undefined && !hidden ? (
        <span className={styles["letter"]} aria-hidden="true">
          {letter}
        </span>
      ) : (
        <button
          type="button"
          className={styles["letter"]}
          aria-pressed={!hidden}
          aria-label={`Chart of query ${letter}`}
          title={hidden ? "Only for formulas. Show its chart" : "Hide its chart: only for formulas"}
          onClick={() => onHide?.(!hidden)}
        >
          {letter}
        </button>
      )}
      <Select
        aria-label={`Metric of query ${letter}`}
        searchable
        allowDeselect={false}
        data={[...new Set([...metrics.map((metric) => metric.name), query.name])]}
        value={query.name}
        onChange={(name) => {
          if (name !== null) onChange({ name, aggregate: query.aggregate });
        }}
      />
      <Select
        aria-label={`Aggregate of query ${letter}`}
        allowDeselect={false}
        data={[...AGGREGATES]}
        value={query.aggregate}
        onChange={(value) => {
          const aggregate = oneOf(value, AGGREGATES);
          if (aggregate !== undefined) onChange({ ...query, aggregate });
        }}
      />
      <MultiSelect
        aria-label={`Group query ${letter} by`}
        placeholder={(query.group_by ?? []).length === 0 ? "group by" : ""}
        className={styles["wide"] ?? ""}
        data={[...new Set([...labels, ...(query.group_by ?? [])])]}
        value={[...(query.group_by ?? [])]}
        onChange={(group_by) => onChange({ ...query, group_by })}
      />
      <MultiSelect
        aria-label={`Filter query ${letter}`}
        placeholder={where.length === 0 ? "where" : ""}
        searchable
        searchValue={typed}
        onSearchChange={setTyped}
        nothingFoundMessage="Type it as label=value"
        className={styles["wide"] ?? ""}
        // Only some values of a label are known here: any can be typed.
        data={[...new Set([...known.flatMap(([label, values]) => values.map((value) => `${label}=${value}`)), ...where, ...(TYPED.test(typed) ? [typed.trim()] : [])])]}
        value={where}
        onChange={(pairs) => {
          const next: Record<string, string[]> = {};
          for (const pair of pairs) {
            const at = pair.indexOf("=");
            (next[pair.slice(0, at)] ??= []).push(pair.slice(at + 1));
          }
          onChange({ ...query, where: next });
        }}
      />
      <ActionIcon className={styles["remove"] ?? ""} aria-label={`Remove query ${letter}`} onClick={onRemove}>
        <Icon name="close" size={14} />
      </ActionIcon>
    </div>
  );
}
